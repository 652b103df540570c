"""Customer invoices are calculated: those that are due by a worker, many at once, or one right now."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from commands.customer_invoice.pricing import CalculationDesk, Priced, price
from commands.handling import MAX_TRIES, Busy
from commands.origin import Origin
from commands.ports.calculation import CalculationsDue, Due, Patience, Settled
from commands.ports.event_store import Conflict, History, Save, Write
from domain.customer_invoice.calculation import CHANGING, calculate, used_names
from domain.customer_invoice.state import CustomerInvoice, fold
from domain.fact import Fact
from domain.identity import Stream
from domain.pricing.items import Failure
from domain.rejected import Rejected

AT_ONCE: Final = 750
"""Invoices that are calculated in one turn: the memory of a worker is that of two turns."""
NOW: Final = "asked for"
"""The cause of a calculation that nothing but a caller asked for."""


async def calculate_due(
    desk: CalculationDesk, due: CalculationsDue, origin: Origin, patience: Patience, *, limit: int = AT_ONCE
) -> int:
    """One turn: calculate the invoices that are due; how many were looked at. Any number of workers may.

    An invoice that somebody changes meanwhile stays due. What raises leaves all of the turn due once the lease ends.
    """
    claimed = {one.invoice: one for one in await due.claim(limit, patience)}
    if not claimed:
        return 0
    loaded = await _load(desk, list(claimed))
    wanted = {invoice: state for invoice, (_, state) in loaded.items() if _to_calculate(state, claimed[invoice])}
    settled = [Settled(one) for invoice, one in claimed.items() if invoice not in wanted]
    conflicts: list[Due] = []
    if wanted:
        stored = await _store(desk, origin, loaded, wanted, claimed)
        settled += [Settled(claimed[i], *found) for i, found in stored.items() if found is not None]
        conflicts = [claimed[i] for i, found in stored.items() if found is None]
    await due.settle(settled, conflicts)
    return len(claimed)


async def calculate_now(desk: CalculationDesk, origin: Origin, invoice: UUID) -> CustomerInvoice:
    """Calculate an invoice with all that is on it, at once; what it is then. A locked or final one stays as it is.

    Rejected `customer-invoice-missing`; Busy when others change it all the time.
    """
    for _ in range(MAX_TRIES):
        history, state = await _one(desk, invoice)
        if state.status not in CHANGING:
            return state
        priced = await _priced(desk, {invoice: state})
        facts = _facts(priced[invoice], NOW)
        if not facts:
            return state
        try:
            await desk.store.append(Save(origin=origin, writes=(Write(history, tuple(facts)),)))
        except Conflict:
            continue
        return fold([*history.facts, *facts]) or state
    raise Busy("The invoice is being changed by many commands at once.")


async def preview(desk: CalculationDesk, invoice: UUID, *, rows: bool = False) -> Priced:
    """What a calculation would make of the invoice now; nothing is stored. Rejected `customer-invoice-missing`."""
    _, state = await _one(desk, invoice)
    return (await _priced(desk, {invoice: state}, rows=rows))[invoice]


def depends_on(priced: Priced) -> list[str]:
    """What a later change of reference data is compared with: see `priced_invoice.inputs`."""
    names = {f"product/{group.product}" for group in priced.groups}
    names |= {f"currency/{currency}" for currency in priced.currencies}
    if isinstance(priced.result, Failure):
        if priced.result.rule is not None:
            names.add(f"pricing-rule/{priced.result.rule}")
    else:
        names.update(used_names(priced.result.inputs))
    return sorted(names)


async def _one(desk: CalculationDesk, invoice: UUID) -> tuple[History, CustomerInvoice]:
    history = await desk.store.load(Stream("customer-invoice", invoice))
    state = fold(history.facts)
    if state is None:
        raise Rejected("customer-invoice-missing", f"There is no customer invoice {invoice}.", kind="missing")
    return history, state


async def _load(desk: CalculationDesk, invoices: Sequence[UUID]) -> dict[UUID, tuple[History, CustomerInvoice]]:
    histories = await desk.store.load_many([Stream("customer-invoice", invoice) for invoice in invoices])
    folded = {stream.id: (history, fold(history.facts)) for stream, history in histories.items()}
    return {id_: (history, state) for id_, (history, state) in folded.items() if state is not None}


def _to_calculate(state: CustomerInvoice, due: Due) -> bool:
    """Whether there is anything to find out: reference data that the last calculation has seen already is not.

    One whose purchases changed and that somebody else has calculated (who asked for its approval, or a worker that did
    not live to say so) is looked at again: nobody has noted what its prices depend on now.
    """
    if state.superseded is not None:
        return False
    if state.status == "pending":
        return True
    if state.status not in CHANGING or state.invoice_type == "contract":
        return False  # a contract's invoice keeps what it was billed with, until it is recalculated by hand
    if not due.recheck:
        return True
    seen = state.failure if state.status == "error" else state.calculation
    return seen is None or seen.reference_position < due.position


async def _priced(
    desk: CalculationDesk, invoices: Mapping[UUID, CustomerInvoice], *, rows: bool = False
) -> Mapping[UUID, Priced]:
    customers = sorted({invoice.customer for invoice in invoices.values()})
    return await price(desk, invoices, await desk.reference.pricing_inputs(customers), rows=rows)


async def _store(
    desk: CalculationDesk,
    origin: Origin,
    loaded: Mapping[UUID, tuple[History, CustomerInvoice]],
    wanted: Mapping[UUID, CustomerInvoice],
    claimed: Mapping[UUID, Due],
) -> Mapping[UUID, tuple[Sequence[str], int] | None]:
    """What each invoice's prices depend on, and the position of the reference data that it was calculated with.

    None: it changed meanwhile, and nothing of it was stored.
    """

    async def one(invoice: UUID, priced: Priced) -> tuple[UUID, tuple[Sequence[str], int] | None]:
        facts = _facts(priced, claimed[invoice].cause)
        if facts:
            write = Write(loaded[invoice][0], tuple(facts))
            try:
                await desk.store.append(Save(origin=origin, writes=(write,)))
            except Conflict:
                return invoice, None
        return invoice, (depends_on(priced), priced.inputs.position)

    return dict(await asyncio.gather(*(one(id_, priced) for id_, priced in (await _priced(desk, wanted)).items())))


def _facts(priced: Priced, cause: str) -> list[Fact]:
    return calculate(priced.invoice, priced.result, position=priced.inputs.position, cause=cause)
