"""Licences that a subscription line passes on give its items their cost, each customer's its own, in one cycle each."""

from decimal import Decimal

from adapters.licences import StoredLicences
from commands.customer_invoice.calculate import calculate_now
from commands.customer_invoice.recalculate import recalculate
from tests.support.agreements import d, seats
from tests.support.invoicing import open_invoicing
from tests.support.origins import origin
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


async def test_costs_in_another_currency_are_converted_by_the_rate_of_the_provider_invoice(agreed, database):
    shop = agreed.shop
    contract = await agreed.signed(lines={"one": seats(subscription="S-1"), "two": seats(subscription="S-2")})
    for code, day, rate in (("old", "2026-02-21", "7"), ("fits", "2026-02-22", "0.9123"), ("late", "2026-03-02", "8")):
        pair = {"from_currency": "USD", "to_currency": "EUR"}
        await shop.save("exchange-rate", code=code, date=day, rate=rate, source="test", **pair)
    await shop.active([line("30", subscription="S-1", charge_from="2026-01-01", **LICENCE)])
    # the invoices are of 2026-03-01
    for number, amount, currency, subscription in (("F-2", "10.01", "USD", "S-1"), ("F-3", "5", "CHF", "S-2")):
        invoice = await shop.create(amount, number, currency=currency)
        one = line(amount, subscription=subscription, charge_from="2026-01-02", currency=currency, **LICENCE)
        await shop.upload(invoice, [one])
        assert (await shop.activate(invoice)).state.status == "active"
    await StoredLicences(shop.pool).gather()
    (billed,) = await agreed.run("2026-02-02", contract)
    costs = {item.contract_line: item.cost for item in (await agreed.invoice(billed)).items}
    assert costs == {"one": Decimal("39.132123"), "two": None}
    (warning,) = billed.warnings
    assert warning == (
        "K-1, line two, C1: the cost of its licences is not known. There is no exchange rate CHF to EUR of 2026-02-22 to "
        "2026-03-01: save one, and recalculate the invoice."
    )
    await shop.save(
        "exchange-rate",
        code="chf",
        date="2026-03-01",
        rate="1.05",
        source="test",
        from_currency="CHF",
        to_currency="EUR",
    )
    (made,) = billed.invoices
    async with open_invoicing(shop.desk.store, shop.pool, database) as desk:
        await recalculate(desk, origin(), made.id)
        state = await calculate_now(desk.calculation, origin(), made.id)
    assert {item.contract_line: item.cost for item in state.items} == {**costs, "two": Decimal("5.25")}
