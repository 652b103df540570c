"""The counter of a shop, where customers are billed: posted purchases and usage find their invoices, when told to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.line_store.offer_lines import StoredOfferLines
from adapters.usage_due import StoredUsageDue
from commands.customer_invoice.periods import ensure_periods
from commands.customer_invoice.route_usage import Router, route_usage
from commands.customer_invoice.take_in import take_in
from commands.ports.event_store import Save, Write
from commands.ports.purchases import Stored
from commands.purchases.new import NewPurchase
from commands.purchases.post import Result, post_purchases
from domain.customer_invoice.state import CustomerInvoice, fold
from domain.fact import Fact
from domain.identity import Stream, periodical_invoice_stream, purchase_id
from tests.support.origins import NOW, origin
from tests.support.shop import Shop


@dataclass(slots=True)
class Counter:
    """What a worker does by itself, step by step. `now` is the time of every step."""

    shop: Shop
    now: datetime = NOW

    @property
    def router(self) -> Router:
        """What routing works with."""
        pool = self.shop.pool
        return Router(self.shop.desk, self.shop.billing, StoredUsageDue(pool), StoredOfferLines(pool))

    async def customer(self, code: str, bill_from: str | None = "2026-01-01", **more: Any) -> None:
        """A customer that is billed from a day on, and its invoices."""
        identifiers = [{"provider": "ACME", "identifier": f"c-{code[1:]}"}]
        await self.shop.save("customer", code=code, name=code, bill_from=bill_from, identifiers=identifiers, **more)
        await self.begin(code)

    async def begin(self, *codes: str) -> int:
        """Begin the invoices of periods that have begun."""
        customers = await self.shop.billing.reference.customers(codes)
        return await ensure_periods(self.shop.billing, origin(self.now), list(customers.values()))

    async def post(self, *new: dict[str, Any]) -> Sequence[Result]:
        """Post purchases."""
        purchases = [NewPurchase.model_validate(purchase(**n)) for n in new]
        return await post_purchases(self.shop.billing, purchases, now=self.now, actor="alice")

    async def settle(self) -> None:
        """Let everything go where it goes."""
        for _ in range(20):
            gathered = await self.router.due.gather(self.now)
            routed = await route_usage(self.router, origin(self.now))
            if not gathered + routed + await take_in(self.shop.billing, origin(self.now)):
                return
        raise AssertionError("purchases do not come to rest")

    async def invoice(self, customer: str = "C1", month: str = "2026-02") -> CustomerInvoice:
        """A periodical invoice as it is."""
        state = await self.state(self.stream(customer, month).id)
        assert state is not None
        return state

    async def state(self, invoice: UUID) -> CustomerInvoice | None:
        """An invoice as it is."""
        return fold((await self.shop.desk.store.load(Stream("customer-invoice", invoice))).facts)

    def stream(self, customer: str = "C1", month: str = "2026-02") -> Stream:
        """A monthly invoice's stream."""
        return periodical_invoice_stream(customer, datetime.fromisoformat(f"{month}-01").date())

    async def purchase(self, key: str, customer: str = "C1") -> Stored:
        """A posted purchase with its place."""
        found = await self.shop.billing.purchases.find([purchase_id(customer, key)])
        return found[purchase_id(customer, key)]

    async def append(self, stream: Stream, *facts: Fact) -> None:
        """Facts that no command of this test makes."""

        history = await self.shop.desk.store.load(stream)
        await self.shop.desk.store.append(Save(origin=origin(self.now), writes=(Write(history, facts),)))


def purchase(key: str = "k-1", **more: Any) -> dict[str, Any]:
    """A purchase as it is posted: one P1 for C1 on 2026-02-03."""
    fields = {
        "key": key,
        "customer": "C1",
        "product": "P1",
        "quantity": "1",
        "time": "2026-02-03T12:00:00Z",
        **more,
    }
    return {name: value for name, value in fields.items() if value is not None}
