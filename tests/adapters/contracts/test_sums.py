"""What may be taken of a line's transactions, against a count by hand over random ones."""

import random
from collections import defaultdict
from datetime import date
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool

from adapters.contracts import StoredLedger
from commands.ports.contract_ledger import WantedSum
from domain.money import add

_UPTO = date(2027, 6, 15)
_PUT = "INSERT INTO contract_transaction VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_TAKE = "INSERT INTO contract_taken VALUES (%s, %s, %s, %s, %s)"


def made_up(dice, contract, line):
    """Rows of a line's transactions over two years, and what of them is taken, as numbers from and to by year."""
    rows, taken = [], []
    for year in (2026, 2027):
        for number in range(1, 31):
            cost = None if dice.random() < 0.2 else Decimal(dice.randrange(1000)).scaleb(-2)
            day, kind = date(year, dice.randrange(1, 13), 5), dice.choice(["time", "material", "other"])
            quantity, price = Decimal(dice.randrange(1, 100)).scaleb(-1), Decimal(dice.randrange(1, 1000))
            whose, ready, gone = dice.choice([None, "C1", "C2"]), dice.random() < 0.8, dice.random() < 0.1
            rows.append((contract, line, year, number, f"{year}-{number}", day, kind, quantity, price, cost, whose,
                         ready, gone))  # fmt: skip
        cuts = sorted(dice.sample(range(1, 31), 4))
        taken += [(contract, line, year, cuts[0], cuts[1] - 1), (contract, line, year, cuts[2], cuts[3])]
    return rows, taken


def free(rows, taken, classes, upto):
    """Amounts, costs, how many without one, and numbers by customer and year."""
    found = defaultdict(list)
    for _, _, year, number, _, day, kind, quantity, price, cost, whose, ready, gone in rows:
        held = any(year == y and first <= number <= last for _, _, y, first, last in taken)
        if ready and not gone and not held and kind in classes and (upto is None or day <= upto):
            found[whose].append((year, number, quantity * price, cost))
    return {
        whose: (
            add(Decimal(0), *(amount for _, _, amount, _ in several)),
            add(Decimal(0), *(cost for *_, cost in several if cost is not None)),
            sum(cost is None for *_, cost in several),
            {(year, number) for year, number, _, _ in several},
        )
        for whose, several in found.items()
    }


async def test_what_is_free_is_added_up_by_customer_whatever_was_taken_before(database):
    dice = random.Random(7)
    asked, wanted = {}, []
    with psycopg.connect(database, autocommit=True) as connection, connection.cursor() as cursor:
        for n in range(12):
            contract, line = UUID(int=n // 2), f"line-{n % 2}"
            rows, taken = made_up(dice, contract, line)
            taken = taken if n % 3 else []
            cursor.executemany(_PUT, rows)
            cursor.executemany(_TAKE, taken)
            classes, upto = dice.choice([("time",), ("time", "material")]), dice.choice([None, _UPTO])
            wanted.append(WantedSum(contract, line, classes, upto))
            asked[contract, line] = free(rows, taken, classes, upto)
    async with AsyncConnectionPool(database, min_size=1, kwargs={"autocommit": True}) as pool:
        found = await StoredLedger(pool).sums(wanted)
    assert found.keys() == asked.keys()
    for key, sums in found.items():
        assert {one.customer: one for one in sums}.keys() == asked[key].keys()
        for one in sums:
            amount, cost, without, numbers = asked[key][one.customer]
            assert (one.exact, one.cost or 0, one.without_cost) == (amount, cost, without)
            told = {(t.year, n) for t in one.taken for r in t.ranges for n in range(r.first, r.last + 1)}
            assert told == numbers
            assert sum(t.count for t in one.taken) == len(numbers)
            assert all(a.last + 1 < b.first for t in one.taken for a, b in pairwise(t.ranges))
