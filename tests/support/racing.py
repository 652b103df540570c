"""A small world in which everything that can happen to usage, purchases and invoices may happen next."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from commands.customer_invoice.approve import approve
from commands.customer_invoice.close import close
from commands.customer_invoice.create import AdHoc, create
from commands.customer_invoice.delete import delete
from commands.customer_invoice.desk import InvoicingDesk
from commands.customer_invoice.recalculate import recalculate
from commands.customer_invoice.reject import reject
from commands.customer_invoice.request_approval import request_approval
from commands.customer_invoice.route_usage import Router, route_usage
from commands.customer_invoice.take_in import take_in
from commands.customer_invoice.withdraw import withdraw
from commands.handling import Busy
from commands.ports.purchases import PurchaseQuery
from commands.provider_invoice.adjust import adjust
from commands.provider_invoice.release import release
from commands.provider_invoice.reoffer import reoffer
from commands.provider_invoice.take_out import deactivate
from commands.purchases.cancel import cancel
from commands.purchases.reroute import reroute
from commands.sync.desk import SyncDesk
from domain.identity import ad_hoc_invoice_stream, purchase_id
from domain.rejected import Rejected
from domain.usage_offer.events import LineRange
from tests.support.calculating import calculate_all, rule
from tests.support.counter import Counter
from tests.support.gates import Gate, overtaken
from tests.support.origins import NOW, origin
from tests.support.shop import line

Kind = Literal["offered", "moving", "settled", "repriced", "approving"]
AD_HOC = ad_hoc_invoice_stream("AH-1").id
ANN = origin(actor="ann")


@dataclass(slots=True)
class World:
    """Provider invoice F-1: C1's lines 1, 2, 3 (released), 4, C2's line 5; C1's invoice of February, its AH-1.

    `offered`: nothing was routed yet. `settled`: all invoices are open, nothing is on its way; `repriced`: but a rule has
    another version. `moving`: a line and a
    purchase are on their way to February, which is to be calculated, as AH-1 is. `approving`: February is locked, and both are on their way.
    """

    counter: Counter
    invoicing: InvoicingDesk
    sync: SyncDesk
    invoice: UUID
    gate: Gate | None = None

    @property
    def router(self) -> Router:
        """Its claims are given back behind the gate, as what it stores is stored."""
        found = self.counter.router
        return found if self.gate is None else replace(found, due=self.gate.before(found.due))

    @property
    def february(self) -> UUID:
        """C1's."""
        return self.counter.stream().id

    def behind(self, gate: Gate) -> "World":
        """The same, but what stores something waits at the gate."""
        shop = self.counter.shop
        store = gate.before(shop.desk.store)
        desk = replace(shop.desk, store=store)
        billing = replace(shop.billing, store=store, purchases=gate.before(shop.billing.purchases))
        numbers = gate.before(self.invoicing.numbers)
        return World(
            Counter(replace(shop, desk=desk, billing=billing), self.counter.now),
            replace(self.invoicing, billing=billing, numbers=numbers),
            replace(self.sync, invoices=desk),
            self.invoice,
            gate,
        )

    async def record(self) -> tuple[Any, ...]:
        """All that a refused command must leave as it is: versions of streams, places of purchases."""
        async with self.counter.shop.pool.connection() as connection:
            streams = await connection.execute(
                "SELECT originator_id, max(originator_version) FROM stored_events GROUP BY 1 ORDER BY 1"
            )
            places = await connection.execute(
                "SELECT seq, state, destination, batch, reason, reference_final FROM purchase_place ORDER BY seq"
            )
            return (await streams.fetchall(), await places.fetchall())

    async def rest(self) -> None:
        """Let everything come to rest: routed, taken in, calculated."""
        await self.counter.settle()
        await calculate_all(self.counter)


async def world(counter: Counter, invoicing: InvoicingDesk, sync: SyncDesk, kind: Kind) -> World:
    """See World."""
    shop = counter.shop
    await rule(counter)
    await shop.save("group", code="finance", name="Finance", members=["ann"], invoice_approval=True)
    amounts = [("1", "c-1"), ("2", "c-1"), ("4", "c-1"), ("8", "c-1"), ("16", "c-2")]
    invoice = await shop.active([line(amount, customer) for amount, customer in amounts])
    found = World(counter, invoicing, sync, invoice)
    if kind == "offered":
        await counter.router.due.gather(counter.now)
        return found
    await counter.post({"key": "in", "cost": "5"})
    day = NOW.date().replace(month=2, day=1)
    await create(invoicing, origin(), AdHoc("C1", "AH-1", day, day, "EUR", day.replace(day=28)))
    await counter.post({"key": "ad-hoc", "reference": "AH-1", "quantity": "3"})
    await shop.take(invoice, "C1", "AH-1", limit=1)
    await counter.settle()
    some = {"customer_invoice": found.february, "reason": "r"}
    await release(shop.desk, origin(), invoice, lines=[LineRange(first=3, last=4)], **some)
    await found.rest()
    if kind == "approving":
        gate = Gate()  # the request is decided before these arrive
        await overtaken(gate, request_approval(found.behind(gate).invoicing, ANN, found.february), _arrivals(found))
    if kind == "moving":
        await _arrivals(found)
        for pending in (found.february, AD_HOC):
            await recalculate(invoicing, origin(), pending)
    if kind == "repriced":
        await rule(counter, name="The same price")
    await _held(found)
    counter.now += timedelta(minutes=1)  # a pending invoice takes purchases in at intervals
    return found


async def _arrivals(found: World) -> None:
    """A line and a purchase are on their way to February."""
    some = [LineRange(first=4, last=4)]
    await reoffer(found.counter.shop.desk, origin(), found.invoice, lines=some, reason="r")
    await found.counter.router.due.gather(found.counter.now)
    await found.counter.post({"key": "late", "quantity": "7"})


async def _held(found: World) -> None:
    """A purchase for AH-1 as it is between the beginning of AH-1 and the moment at which somebody sees that."""
    await found.counter.post({"key": "held", "reference": "AH-1"})
    async with found.counter.shop.pool.connection() as connection:
        changed = await connection.execute(
            "UPDATE purchase_place SET state = 'held', destination = NULL, reason = 'unknown-reference' "
            "WHERE destination = %s AND state = 'arriving'",
            [AD_HOC],
        )
        assert changed.rowcount == 1


Act = Callable[[World], Awaitable[object]]
LINES = Decimal("30.00")
ACTS: dict[str, Act] = {
    "release": lambda w: release(w.counter.shop.desk, origin(), w.invoice, customer_invoice=w.february, reason="r"),
    "reoffer": lambda w: reoffer(w.counter.shop.desk, origin(), w.invoice, reason="r"),
    "deactivate": lambda w: deactivate(w.counter.shop.desk, origin(), w.invoice, reason="r"),
    "adjust": lambda w: adjust(w.sync, origin(), w.invoice, total=LINES),
    "delete": lambda w: delete(w.invoicing, origin(), AD_HOC, "r"),
    "reroute": lambda w: reroute(w.counter.shop.billing, PurchaseQuery(customer="C1")),
    "cancel": lambda w: cancel(w.counter.shop.billing, origin(), purchase_id("C1", "in"), "r"),
    "withdraw": lambda w: withdraw(w.invoicing, ANN, w.february, "r"),
    "reject": lambda w: reject(w.invoicing, ANN, w.february, "r"),
    "routing": lambda w: route_usage(w.router, origin(w.counter.now)),
    "taking": lambda w: take_in(w.counter.shop.billing, origin(w.counter.now)),
    "calculation": lambda w: calculate_all(w.counter),
    "request": lambda w: request_approval(w.invoicing, ANN, w.february),
    "approve": lambda w: approve(w.invoicing, ANN, w.february),
    "close": lambda w: close(w.invoicing, ANN, w.february, "r"),
    "approve-ad-hoc": lambda w: approve(w.invoicing, ANN, AD_HOC),
    "close-ad-hoc": lambda w: close(w.invoicing, ANN, AD_HOC, "r"),
    "request-ad-hoc": lambda w: request_approval(w.invoicing, ANN, AD_HOC),
}
"""What anybody may do at any time."""


async def outcome(call: Awaitable[object]) -> str:
    """What came of it: done, or the code of the rule that refused."""
    try:
        await call
    except Rejected as no:
        return no.code
    except Busy:
        return "busy"
    return "done"
