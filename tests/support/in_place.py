"""Whether each line and each purchase is in exactly one place, and each invoice's totals are the sum of what is on it.

Computed from the tables of lines and purchases, and from what offers and invoices say: by no code that is tested.
"""

from collections import defaultdict
from decimal import Decimal
from typing import Any
from uuid import UUID

from commands.provider_invoice.usage import leak_check
from domain.customer_invoice.state import CustomerInvoice
from domain.customer_invoice.state import fold as fold_invoice
from domain.identity import Stream
from domain.usage_offer.ranges import Ranges
from domain.usage_offer.state import UsageOffer
from domain.usage_offer.state import fold as fold_offer
from tests.support.shop import Shop

_LINES = """
SELECT a.provider_invoice, a.attempt, t.customer, l.number, coalesce(l.quantity, 1), l.amount
FROM line_activation a
JOIN line_resolution r USING (resolution)
JOIN line_tally t ON t.resolution = r.resolution AND t.excluded = ''
CROSS JOIN LATERAL unnest(t.numbers) AS n(number)
JOIN provider_line l ON l.population = ANY (r.populations) AND l.number = n.number
"""
_PURCHASES = """
SELECT p.seq, p.quantity, coalesce(p.cost, 0), s.state, s.destination, s.batch FROM purchase p JOIN purchase_place s USING (seq)
"""
_STREAMS = "SELECT DISTINCT kind, split_part(originator_id, '/', 2) FROM stored_events WHERE kind = ANY (%s)"


async def expect_all_in_place(shop: Shop, price: Decimal) -> dict[str, int]:
    """Fails naming what is not; `price` is what a unit is billed at. How many invoices have which status."""
    offers, invoices = await _states(shop)
    quantity: dict[UUID, Decimal] = defaultdict(Decimal)
    cost: dict[UUID, Decimal] = defaultdict(Decimal)
    held: dict[tuple[UUID, UUID], int] = defaultdict(int)
    for provider_invoice, attempt, customer, number, units, amount in await _rows(shop, _LINES):
        for id_, offer in offers.items():
            if (offer.provider_invoice, offer.attempt, offer.customer) == (provider_invoice, attempt, customer):
                on = [to for to, taken in offer.taken.items() if _in(number, taken.ranges)]
                assert len(on) + _in(number, offer.released) <= 1, f"line {number} of {customer} is in {on} and more"
                for to in on:
                    assert _in(number, invoices[to].holdings[id_].ranges), f"line {number} is not on {to}"
                    quantity[to], cost[to], held[to, id_] = quantity[to] + units, cost[to] + amount, held[to, id_] + 1
    rows: dict[tuple[UUID, UUID], int] = defaultdict(int)
    for _, units, known, state, destination, batch in await _rows(shop, _PURCHASES):
        if state == "invoiced":
            quantity[destination], cost[destination] = quantity[destination] + units, cost[destination] + known
            rows[destination, batch] += 1
    says = {(i, o): h.lines for i, invoice in invoices.items() for o, h in invoice.holdings.items()}
    assert says == held
    assert {(i, b): h.lines for i, invoice in invoices.items() for b, h in invoice.posted.items()} == rows
    for id_, invoice in invoices.items():
        _expect_totals(invoice, quantity[id_] * price, cost[id_])
    assert [sums.leaks async for sums in leak_check(shop.desk) if sums.leaks] == []
    statuses: dict[str, int] = defaultdict(int)
    for invoice in invoices.values():
        statuses[invoice.status] += 1
    return dict(statuses)


def _expect_totals(invoice: CustomerInvoice, revenue: Decimal, cost: Decimal) -> None:
    found = invoice.calculation
    if invoice.status in {"open", "approved", "closed"}:
        assert found is not None
        assert (found.revenue_total, found.cost_total) == (revenue, cost), invoice.reference
    assert invoice.cost == cost, invoice.reference


async def _states(shop: Shop) -> tuple[dict[UUID, UsageOffer], dict[UUID, CustomerInvoice]]:
    offers, invoices = {}, {}
    for kind, id_ in await _rows(shop, _STREAMS, ["usage-offer", "customer-invoice"]):
        facts = await shop.facts(Stream(kind, UUID(id_)))
        if kind == "usage-offer" and (offer := fold_offer(facts)) is not None:
            offers[UUID(id_)] = offer
        elif kind == "customer-invoice" and (invoice := fold_invoice(facts)) is not None:
            invoices[UUID(id_)] = invoice
    return offers, invoices


async def _rows(shop: Shop, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    async with shop.pool.connection() as connection:
        return await (await connection.execute(statement, values or None)).fetchall()


def _in(number: int, ranges: Ranges) -> bool:
    return any(r.first <= number <= r.last for r in ranges)
