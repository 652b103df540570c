"""Outlines say what the lines say, whoever made them; what is added up from them is what the lines add up to."""

import random
from datetime import date, timedelta
from uuid import UUID

import pytest

from adapters.line_outline import unpack
from adapters.line_store import resolving
from commands.ports.line_store import CopyLines, LineQuery, Population, ResolutionRequest
from commands.provider_invoice.reading import rows_of
from domain.money import add
from tests.adapters.provider_files.given import chunks, focus
from tests.support.lines import L, content, identify, offer_digest, stored
from tests.support.origins import NOW

INVOICE = UUID(int=1)
FEB = date(2026, 2, 1)


def request(*populations, lines=0):
    return ResolutionRequest("ACME", INVOICE, 1, populations, "HOUSE", ("usage", "adjustment"), NOW, lines)


async def outlined(pool):
    async with pool.connection() as connection:
        rows = await (await connection.execute("SELECT content FROM line_outline ORDER BY first_line")).fetchall()
    return [unpack(row[0]).to_pylist() for row in rows]


async def noted_days(pool, resolution, customer):
    sql = "SELECT first_day, last_day FROM line_tally WHERE resolution = %s AND customer = %s AND excluded = ''"
    async with pool.connection() as connection:
        return await (await connection.execute(sql, (resolution, customer))).fetchone()


async def test_the_reader_and_the_stored_lines_give_the_same_outlines(lines, pool):
    rows = [
        {"SubAccountId": '" quo""ted, Ltd "', "BilledCost": "1e-15"},
        {"SubAccountId": "", "BillingAccountId": "", "BilledCost": "-12.50"},
        {"SubAccountId": "NULL", "ChargeCategory": "Purchase", "ChargeFrequency": "Recurring"},
        {"BilledCost": "12345678901234567890123.123456789012345", "Tags": '"two\nlines"'},
    ]
    population = await lines.open_population(Population(INVOICE, 1, "f.csv"), NOW)
    read = chunks(focus(*rows), prefix=f"{population},".encode())
    await lines.copy_lines(rows_of(population, read))
    by_reader = await outlined(pool)
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM line_outline")
    await lines.begin_resolution(request(population))
    assert await outlined(pool) == by_reader
    assert [row["customer"] for row in by_reader[0]] == ['quo"ted, Ltd', "", "acc", "cust-1"]


async def test_what_is_outlined_is_not_outlined_again_and_goes_with_its_lines(lines, pool):
    kept, gone = await stored(lines, INVOICE, [L(1), L(2)]), await stored(lines, INVOICE, [L(9)])
    for _ in range(2):
        await lines.begin_resolution(request(kept, gone, lines=3))
    assert [len(rows) for rows in await outlined(pool)] == [2, 1]
    await lines.purge([gone])
    assert [len(rows) for rows in await outlined(pool)] == [2]


async def test_a_population_that_is_outlined_in_part_is_outlined_anew(lines, pool):
    population = await stored(lines, INVOICE, [L(1), L(2)])
    await lines.begin_resolution(request(population))
    await lines.copy_lines(CopyLines(population, [content(population, [L(3)])]))
    await lines.begin_resolution(request(population, lines=3))
    assert [[row["number"] for row in rows] for rows in await outlined(pool)] == [[1, 2, 3]]


@pytest.mark.parametrize("at_once", [2_000_000, 100])
async def test_many_lines_add_up_by_customer_as_the_stored_ones_do(lines, pool, monkeypatch, at_once):
    monkeypatch.setattr(resolving, "_AT_ONCE", at_once)
    chance = random.Random(7)
    made = [
        L(
            number,
            chance.choice(["c-0", "c-1", "c-2", "c-2b", "own", None]),
            chance.choice(["p-1", "p-2", "free"]),
            amount=chance.choice(["10", "-0.000000000000001", "99999999999999999999.5", "0.25"]),
            kind=chance.choice(["usage", "usage", "licence"]),
            charge=chance.choice(["usage", "purchase", "tax", "credit", "adjustment"]),
            day=FEB + timedelta(chance.randrange(-20, 20)),
        )
        for number in range(1, 401)
    ]
    await identify(
        pool,
        ("customer", "c-0", "C0"),
        ("customer", "c-1", "C0", None, FEB),
        ("customer", "c-1", "C1", FEB, None),
        ("customer", "c-2", "C2"),
        ("customer", "c-2b", "C2"),
        ("customer", "own", None),
        ("product", "p-1", "P1"),
        ("product", "p-2", "P1", None, FEB),
        ("product", "p-2", "P2", FEB, None),
        ("product", "free", None),
    )
    higher = await stored(lines, INVOICE, made[200:])
    lower = await stored(lines, INVOICE, made[:200], part="g.csv")
    resolution, missing = await lines.begin_resolution(request(higher, lower, lines=400))
    assert missing is None
    found = await lines.finish_resolution(resolution, {"C0": FEB, "C2": FEB + timedelta(7)})
    sides = {c.customer: c for c in await lines.cost_by_customer(resolution, [higher, lower])}
    nobody = sides.pop("")
    assert (found.excluded_rows, found.excluded_cost) == (nobody.lines, nobody.cost)
    assert [o.customer for o in found.offers] == ["C0", "C1", "C2", "HOUSE"] == sorted(sides)
    by_number = {line.number: line for line in made}
    for offer in found.offers:
        side = sides[offer.customer]
        assert offer.totals.lines == side.lines
        assert {e.reason: e.cost for e in offer.excluded} | {"": offer.cost} == side.by_state
        numbers = await lines.offered_numbers(resolution, offer.customer)
        days = [by_number[number].day for number in numbers]
        assert await noted_days(pool, resolution, offer.customer) == (min(days), max(days))
        assert offer.digest == offer_digest(*((n, by_number[n].amount) for n in numbers))
        seen = await lines.lines(LineQuery([higher, lower], resolution, limit=500))
        assert numbers == [x.number for x in seen if x.customer == offer.customer and x.excluded is None]
    assert add(*(o.totals.cost for o in found.offers), found.excluded_cost) == add(*(x.amount for x in seen))
