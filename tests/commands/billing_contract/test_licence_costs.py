"""Licences that a subscription line passes on give its items their cost, each customer's its own, in one cycle each."""

from decimal import Decimal

from adapters.licences import StoredLicences
from tests.support.agreements import d, seats
from tests.support.shop import line

LICENCE = {"kind": "licence", "charge": "purchase", "charge_to": "2026-12-31"}


async def test_items_have_the_cost_of_their_licences(agreed):
    lines = {
        "one": seats(subscription="S-1"),
        "two": seats(product="P1", subscription="S-2"),
        "own": seats(),
    }
    contract = await agreed.signed(lines=lines, customers=(("C1", "50"), ("C2", "50")))
    await agreed.shop.active(
        [
            line("30", subscription="S-1", charge_from="2026-01-01", **LICENCE),
            line("-1.25", subscription="S-1", charge_from="2026-01-31", **LICENCE),
            line("7", "c-2", charge_from="2026-01-02", **LICENCE),
            line("99", subscription="S-1", charge_from="2026-02-01", **LICENCE),
        ]
    )
    assert await StoredLicences(agreed.shop.pool).gather()
    (billed,) = await agreed.run("2026-02-02", contract)
    costs = {c: {i.contract_line: i.cost for i in (await agreed.invoice(billed, c)).items} for c in ("C1", "C2")}
    assert costs == {
        "C1": {"one": Decimal("28.75"), "two": None, "own": None},
        "C2": {"one": None, "two": Decimal(7), "own": None},
    }
    assert (await agreed.invoice(billed)).calculation.cost_total == Decimal("28.75")
    (later,) = await agreed.run("2026-03-02", contract)
    assert {i.contract_line: i.cost for i in (await agreed.invoice(later)).items}["one"] == Decimal(99)
    assert await agreed.next_run(contract) == d("2026-04-02")
