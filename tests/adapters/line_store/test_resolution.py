"""What references mean, as of each line's date; what is missing; what each customer has."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from commands.ports.line_store import LineQuery, ResolutionRequest
from tests.support.lines import L, identify, offer_digest, stored
from tests.support.origins import NOW

INVOICE = UUID(int=1)
FEB, MAR = date(2026, 2, 1), date(2026, 3, 1)


def request(*populations, unassigned=None, pass_on=("usage", "adjustment")):
    return ResolutionRequest("ACME", INVOICE, 1, populations, unassigned, pass_on, NOW)


async def tallied(lines, *populations, bill_from=None, **more):
    resolution, missing = await lines.begin_resolution(request(*populations, **more))
    assert missing is None
    return resolution, await lines.finish_resolution(resolution, bill_from or {})


async def test_all_is_known(lines, pool):
    await identify(pool, ("customer", "c-1", "C1"), ("customer", "c-2", "C2"), ("product", "p-1", "P1"))
    population = await stored(lines, INVOICE, [L(1), L(2, "c-2", amount="2.50"), L(3, amount="-1")])
    resolution, found = await tallied(lines, population)
    assert [(o.customer, o.lines, o.cost, o.digest) for o in found.offers] == [
        ("C1", 2, 9, offer_digest((1, "10"), (3, "-1"))),
        ("C2", 1, Decimal("2.5"), offer_digest((2, "2.5"))),
    ]
    assert (found.excluded_rows, len(found.digest)) == (0, 64)
    assert await lines.offered_numbers(resolution, "C1") == [1, 3]
    assert await lines.customers_of(resolution) == ["C1", "C2"]


async def test_what_is_missing_is_named_once_with_all_that_hangs_on_it(lines, pool):
    await identify(pool, ("customer", "c-1", "C1"), ("product", "p-1", "P1"))
    population = await stored(
        lines,
        INVOICE,
        [
            L(1),
            L(2, "c-9", amount="-100"),
            L(3, "c-9", "p-9", amount="30"),
            L(4, product="p-9", amount="1"),
            L(5, None),
        ],
    )
    _, missing = await lines.begin_resolution(request(population))
    assert missing is not None
    assert [(f.kind, f.reference, f.name, f.lines, f.first_lines, f.amount) for f in missing.findings] == [
        ("customer", "c-9", "Contoso, Ltd", 2, (2, 3), -70),
        ("product", "p-9", 'a "b"', 2, (3, 4), 31),
        ("customer", "", "Contoso, Ltd", 1, (5,), 10),
    ]
    assert (missing.summary.missing, missing.summary.lines, missing.summary.amount) == (3, 4, -59)
    assert missing.summary.biggest[0].reference == "c-9"
    assert "post this file to /v1/customers/bulk" in missing.findings[0].hint
    assert "unassigned_customer" in missing.findings[2].hint


async def test_identifiers_hold_in_their_period_only(lines, pool):
    await identify(
        pool,
        ("customer", "c-1", "OLD", None, FEB),
        ("customer", "c-1", "NEW", FEB, MAR),
        ("product", "p-1", "P1"),
    )
    january, february, march = L(1, day=date(2026, 1, 31)), L(2, day=FEB), L(3, day=MAR)
    both = await stored(lines, INVOICE, [january, february])
    _, found = await tallied(lines, both)
    assert [(o.customer, o.lines) for o in found.offers] == [("NEW", 1), ("OLD", 1)]
    late = await stored(lines, INVOICE, [march])
    _, missing = await lines.begin_resolution(request(late))
    assert missing is not None
    assert missing.findings[0].hint.startswith("The identifier is known, but not on 2026-03-01")


async def test_a_gap_between_periods_matters_only_to_lines_in_it(lines, pool):
    await identify(
        pool, ("customer", "c-1", "A", None, FEB), ("customer", "c-1", "B", MAR, None), ("product", "p-1", "P1")
    )
    around = await stored(lines, INVOICE, [L(1, day=date(2026, 1, 1)), L(2, day=MAR)])
    await tallied(lines, around)
    inside = await stored(lines, INVOICE, [L(3, day=FEB)])
    assert (await lines.begin_resolution(request(around, inside)))[1] is not None


async def test_what_is_not_resold_wins_and_lines_without_customer_take_the_unassigned_one(lines, pool):
    await identify(
        pool,
        ("customer", "c-1", "C1"),
        ("customer", "own", "C1"),
        ("customer", "own", None),
        ("product", "p-1", "P1"),
        ("product", "free", None),
    )
    population = await stored(
        lines, INVOICE, [L(1), L(2, "own", amount="4"), L(3, product="free", amount="5"), L(4, None, amount="6")]
    )
    _, found = await tallied(lines, population, unassigned="HOUSE")
    assert (found.excluded_rows, found.excluded_cost) == (1, 4)
    assert [(o.customer, o.lines, o.cost) for o in found.offers] == [("C1", 1, 10), ("HOUSE", 1, 6)]
    assert [(e.reason, e.lines, e.cost) for e in found.offers[0].excluded] == [("not_resold", 1, 5)]
    assert found.offers[0].totals.cost == 15


async def test_exclusions_by_reason_and_what_pass_on_changes(lines, pool):
    await identify(pool, ("customer", "c-1", "C1"), ("product", "p-1", "P1"))
    population = await stored(
        lines,
        INVOICE,
        [
            L(1),
            L(2, charge="adjustment"),
            L(3, charge="purchase"),
            L(4, charge="tax", kind="licence"),
            L(5, charge="credit"),
            L(6, kind="licence", charge="purchase"),
            L(7, day=date(2026, 1, 31)),
        ],
    )
    _, found = await tallied(lines, population, bill_from={"C1": FEB})
    (offer,) = found.offers
    assert (offer.lines, offer.totals.lines) == (2, 7)
    assert [(e.reason, e.lines) for e in offer.excluded] == [
        ("licence", 1),
        ("purchase", 1),
        ("tax", 1),
        ("credit", 1),
        ("before_bill_from", 1),
    ]
    _, found = await tallied(lines, population, pass_on=("credit", "purchase", "tax"))
    assert found.offers[0].lines == 2
    assert {e.reason: e.lines for e in found.offers[0].excluded} == {"licence": 1, "tax": 1, "not_resold": 3}


async def test_a_later_mapping_moves_nothing(lines, pool):
    await identify(pool, ("customer", "c-1", "C1"), ("product", "p-1", "P1"))
    population = await stored(lines, INVOICE, [L(1), L(2)])
    resolution, before = await tallied(lines, population)
    async with pool.connection() as connection:
        await connection.execute("UPDATE reference_identifiers SET code = 'C2' WHERE kind = 'customer'")
    (cost,) = await lines.cost_by_customer(resolution, [population])
    assert (cost.customer, cost.lines, cost.cost) == ("C1", 2, 20)
    (line, _) = await lines.lines(LineQuery([population], resolution=resolution))
    assert (line.customer, line.product, line.excluded) == ("C1", "P1", None)
    _, after = await tallied(lines, population)
    assert after.digest != before.digest


async def test_lines_by_what_holds_them(lines, pool):
    await identify(pool, ("customer", "c-1", "C1"), ("customer", "c-2", "C2"), ("product", "p-1", "P1"))
    population = await stored(lines, INVOICE, [L(1), L(2, "c-2"), L(3), L(4, kind="licence"), L(5)])
    resolution, _ = await tallied(lines, population)

    async def numbers(**more):
        query = LineQuery([population], resolution=resolution, **more)
        found = [line.number for line in await lines.lines(query)]
        assert await lines.count(query) == len(found)
        return found

    assert await numbers(billable=False) == [4]
    assert await numbers(held=[("C1", 1, 3)]) == [1, 3]
    assert await numbers(billable=True, not_held=[("C1", 1, 3)]) == [2, 5]


async def test_an_invoice_without_lines(lines):
    _, found = await tallied(lines)
    assert (found.offers, found.excluded_rows) == ([], 0)
