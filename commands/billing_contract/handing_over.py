"""Invoices whose place new ones take hand over all usage that they hold, in the same transaction."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from commands.billing_contract.taking_usage import HeldBatch, HeldLines, Usage, UsageToTake
from commands.customer_invoice.held_parts import held_parts
from commands.customer_invoice.route_usage import Router
from commands.ports.event_store import Conflict, History, Write
from commands.provider_invoice.desk import load
from domain.billing_contract.entry_events import UsageReceived
from domain.billing_contract.selection import Known
from domain.customer_invoice.events import PostedSource
from domain.customer_invoice.state import CustomerInvoice
from domain.customer_invoice.superseding import supersede
from domain.identity import Stream
from domain.usage_offer.ranges import covers
from domain.usage_offer.state import fold as fold_offer


async def held_usage(router: Router, known: Known, replaced: Mapping[UUID, CustomerInvoice]) -> Usage:
    """What these invoices hold now, by customer: to be merged with what waits, see `merged`.

    `known`: the contract as it is, with these invoices live; its entries say which part of the usage is whose. Raises
    Conflict when something was changed while it was read.
    """
    found: dict[str, UsageToTake] = {}
    for id_, invoice in replaced.items():
        if not invoice.lines:
            continue
        received = _received(known, id_)
        batches = _batches(id_, invoice, received)
        lines = await _lines(router, id_, invoice, received)
        _expect_all(id_, invoice, batches, lines)
        entries = [*(one.entry for one in batches), *(entry for one in lines for entry, _ in one.batches)]
        refs = [known.entries[entry].ref for entry in entries]
        own = UsageToTake(min(r.first for r in refs), max(r.last for r in refs), lines=lines, batches=batches)
        there = found.get(invoice.customer)
        found[invoice.customer] = own if there is None else _together(there, own)
    return found


def merged(waiting: Usage, held: Usage) -> Usage:
    """What waits and what is handed over, by customer."""
    both = {customer: _together(waiting[customer], held[customer]) for customer in waiting if customer in held}
    return {**waiting, **held, **both}


def superseded_writes(
    old: Mapping[UUID, tuple[History, CustomerInvoice]], by: Mapping[UUID, tuple[UUID, str]], reason: str
) -> list[Write]:
    """What the old invoices say; `by`: for each, the id and the reference of the one that takes its place.

    Rejected `invoice-locked`, `invoice-final`, `superseded`.
    """
    return [
        Write(old[id_][0], tuple(supersede(old[id_][1], by=new, by_reference=reference, reason=reason)))
        for id_, (new, reference) in by.items()
    ]


def _together(one: UsageToTake, other: UsageToTake) -> UsageToTake:
    return UsageToTake(
        min(one.first, other.first),
        max(one.last, other.last),
        [*one.offered, *other.offered],
        [*one.posted, *other.posted],
        [*one.lines, *other.lines],
        [*one.batches, *other.batches],
    )


def _received(known: Known, invoice: UUID) -> Sequence[tuple[UUID, UsageReceived]]:
    return [(id_, one) for id_, entry in known.entries.items() for one in entry.received if one.invoice == invoice]


def _batches(id_: UUID, invoice: CustomerInvoice, received: Sequence[tuple[UUID, UsageReceived]]) -> list[HeldBatch]:
    return [
        HeldBatch(id_, entry, one.source.batch, invoice.posted[one.source.batch], one.digest, one.without_cost)
        for entry, one in received
        if isinstance(one.source, PostedSource) and one.source.batch in invoice.posted
    ]


async def _lines(
    router: Router, id_: UUID, invoice: CustomerInvoice, received: Sequence[tuple[UUID, UsageReceived]]
) -> list[HeldLines]:
    by_provider_invoice: dict[UUID, list[Stream]] = defaultdict(list)
    for offer_id, held in invoice.holdings.items():
        by_provider_invoice[held.provider_invoice].append(Stream("usage-offer", offer_id))
    found = []
    for provider_invoice, streams in by_provider_invoice.items():
        loaded = await load(router.invoices, provider_invoice)
        for stream, history in (await router.billing.store.load_many(streams)).items():
            offer = fold_offer(history.facts)
            if offer is None:
                raise TypeError(f"{stream} holds lines on {invoice.reference} but is not there")
            held = invoice.holdings[stream.id]
            taken = offer.taken.get(id_)
            if taken is None or not covers(taken.ranges, held.ranges):
                raise Conflict(stream)  # they went on since the invoice was read
            parts = await held_parts(router.invoices, loaded, offer, held.ranges, received)
            found.append(HeldLines(id_, loaded, history, offer, held, parts))
    return found


def _expect_all(id_: UUID, invoice: CustomerInvoice, batches: Sequence[HeldBatch], lines: Sequence[HeldLines]) -> None:
    """No purchase may stay behind: what the entries know of is what the invoice holds."""
    count = sum(one.holding.lines for one in batches) + sum(part.lines for one in lines for _, part in one.batches)
    if count != invoice.lines:
        raise Conflict(Stream("customer-invoice", id_))  # the entries were read before it changed, or after
