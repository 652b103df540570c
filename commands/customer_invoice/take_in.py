"""An invoice takes in the posted purchases that have arrived at it; a locked or final one does not."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from commands.customer_invoice.billing_desk import BillingDesk
from commands.customer_invoice.periods import ensure_periods
from commands.origin import Origin
from commands.ports.event_store import Conflict, History, Save, Write
from commands.ports.purchases import Arrived, Door, MoveAll, Place, TakeIn
from commands.purchases.reroute import reroute_at
from domain.customer_invoice.events import PostedSource
from domain.customer_invoice.purchases import add_purchases
from domain.customer_invoice.state import FINAL, CustomerInvoice, evolve, fold
from domain.fact import Fact
from domain.identity import Stream, id_for
from domain.purchases.placing import UNKNOWN_REFERENCE

DOORS: Final = 500
"""Invoices looked after in one turn."""
_AT_ONCE: Final = 8


async def take_in(desk: BillingDesk, origin: Origin) -> int:
    """One turn over all invoices that purchases arrive at; how many purchases found their place.

    An invoice that is `pending` anyway takes them in at intervals, so that a stream of purchases posted one by one
    makes a batch a second and not an event each; the interval grows with the batches it has.
    """
    doors = await desk.purchases.doors(DOORS)
    if not doors:
        return 0
    streams = {door.invoice: Stream("customer-invoice", door.invoice) for door in doors}
    histories = await desk.store.load_many(list(streams.values()))
    open_doors: dict[UUID, tuple[History, CustomerInvoice]] = {}
    done = 0
    for door in doors:
        history = histories[streams[door.invoice]]
        state = fold(history.facts)
        if state is not None and state.status in {"pending", "open", "error"}:
            open_doors[door.invoice] = (history, state)
        else:
            done += await _turned_away(desk, origin, door, state)
    return done + await _enter(desk, origin, open_doors)


def added(state: CustomerInvoice, batch: UUID, arrived: Arrived) -> list[Fact]:
    """What the invoice says when a batch of posted purchases arrives."""
    return add_purchases(
        state,
        PostedSource(batch=batch),
        lines=len(arrived.seqs),
        cost=arrived.cost,
        currency=arrived.currency or state.currency,
        digest=arrived.digest,
        without_cost=0 if arrived.currency else len(arrived.seqs),
    )


def entering(
    invoice: UUID, state: CustomerInvoice, arrived: Sequence[Arrived]
) -> tuple[list[Fact], list[TakeIn], CustomerInvoice]:
    """The facts and rows that take purchases in, and the state after them."""
    facts: list[Fact] = []
    rows = []
    for one in arrived:
        batch = id_for("purchase-batch", str(invoice), str(state.version + 1))
        new = added(state, batch, one)
        for fact in new:
            state = evolve(state, fact) or state
        facts += new
        rows.append(TakeIn(invoice, batch, one.seqs))
    return facts, rows, state


def due(state: CustomerInvoice, first: datetime, now: datetime) -> bool:
    """Whether an invoice takes in now what came to its door first at `first`."""
    if state.status != "pending" or not state.posted:
        return True
    batches = len(state.posted)
    return now - first >= timedelta(seconds=2 ** (max(0, batches - 200) / 50))


async def _enter(desk: BillingDesk, origin: Origin, doors: dict[UUID, tuple[History, CustomerInvoice]]) -> int:
    by_invoice: dict[UUID, list[Arrived]] = {}
    for arrived in await desk.purchases.arrived(list(doors)):
        by_invoice.setdefault(arrived.invoice, []).append(arrived)
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(invoice: UUID, arrived: list[Arrived]) -> int:
        history, state = doors[invoice]
        if not due(state, min(a.first for a in arrived), origin.now):
            return 0
        facts, rows, _ = entering(invoice, state, arrived)
        async with turn:
            try:
                await desk.store.append(Save(origin=origin, writes=(Write(history, tuple(facts)),), rows=tuple(rows)))
            except Conflict:
                return 0  # the next turn sees what was quicker
        return sum(len(row.seqs) for row in rows)

    return sum(await asyncio.gather(*(one(invoice, arrived) for invoice, arrived in by_invoice.items())))


async def _turned_away(desk: BillingDesk, origin: Origin, door: Door, state: CustomerInvoice | None) -> int:
    if state is None:
        customers = await desk.reference.customers([door.customer])
        if await ensure_periods(desk, origin, list(customers.values())):
            return 0  # it has begun: the next turn takes them in
        return await desk.purchases.shift(MoveAll(door.invoice, "arriving", Place("waiting", door.invoice)))
    if state.status == "approving":
        return await desk.purchases.shift(MoveAll(door.invoice, "arriving", Place("waiting", door.invoice)))
    if state.status == "deleted":
        return await desk.purchases.shift(MoveAll(door.invoice, "arriving", Place("held", None, UNKNOWN_REFERENCE)))
    if state.status in FINAL:
        return await reroute_at(desk, door.invoice, "arriving")
    return 0
