"""An invoice that had taken the place of older ones is deleted: what came from them and is still there goes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from commands.billing_contract.taking_usage import add_batch
from commands.customer_invoice.giving import Lines, freed, given, source_of
from commands.customer_invoice.held_parts import held_parts
from commands.ports.event_store import EventStore, History, Write
from commands.ports.purchases import HandOver
from commands.provider_invoice.desk import InvoiceDesk, Loaded, load
from domain.customer_invoice.events import PostedSource, PurchasesAdded
from domain.customer_invoice.holdings import Holding
from domain.customer_invoice.purchases import add_purchases
from domain.customer_invoice.state import CustomerInvoice, evolve, fold
from domain.customer_invoice.superseding import restorable, restore
from domain.fact import Fact
from domain.identity import Stream
from domain.usage_offer.ranges import both
from domain.usage_offer.state import UsageOffer
from domain.usage_offer.state import evolve as evolve_offer
from domain.usage_offer.state import fold as fold_offer


@dataclass(slots=True)
class Restoring:
    """An older invoice that is put back; `state` is after `facts`."""

    history: History
    before: CustomerInvoice
    state: CustomerInvoice
    facts: list[Fact] = field(default_factory=list)

    @property
    def id(self) -> UUID:
        """The invoice."""
        return self.history.stream.id

    @property
    def arrived(self) -> Sequence[PurchasesAdded]:
        """The batches that it ever took, the latest first."""
        return [fact for fact in reversed(self.history.facts) if isinstance(fact, PurchasesAdded)]

    def say(self, facts: Sequence[Fact]) -> None:
        """It says these as well."""
        for fact in facts:
            self.state = evolve(self.state, fact) or self.state
        self.facts += facts


@dataclass(frozen=True, slots=True)
class HandedBack:
    """What belongs into the save that deletes an invoice. `restored`: the older ones that are in their places again."""

    restored: frozenset[UUID]
    writes: tuple[Write, ...]
    rows: tuple[HandOver, ...]


async def handed_back(
    store: EventStore, desk: InvoiceDesk | None, invoice: UUID, state: CustomerInvoice, reason: str
) -> HandedBack:
    """All that the deleted one held of provider invoices is free again, but for what came from an older one.

    Restored are the invoices whose place it took and that were neither closed nor deleted since. One in whose own place
    a newer one is has nothing to give back.
    """
    olds = await _restorable(store, invoice, state)
    for old in olds:
        old.say(restore(old.before, deleted=invoice, deleted_reference=state.reference, reason=reason))
    offers = await _offers(store, desk, invoice, state, olds, reason)
    rows = [one for old in olds if (one := _posted(invoice, state, old)) is not None]
    writes = (*offers, *(Write(old.history, tuple(old.facts)) for old in olds))
    return HandedBack(frozenset(old.id for old in olds), writes, tuple(rows))


async def _restorable(store: EventStore, invoice: UUID, state: CustomerInvoice) -> Sequence[Restoring]:
    replaces = () if state.contract is None else state.contract.replaces
    if not replaces or state.superseded is not None:
        return ()
    found = []
    for history in (await store.load_many([Stream("customer-invoice", id_) for id_ in replaces])).values():
        old = fold(history.facts)
        if old is not None and restorable(old, invoice):
            found.append(Restoring(history, old, old))
    return found


def _posted(invoice: UUID, state: CustomerInvoice, old: Restoring) -> HandOver | None:
    there = () if old.before.aside is None else old.before.aside.posted
    back = {batch: state.posted[batch] for batch in there if batch in state.posted}
    said = {fact.source.batch: fact for fact in old.arrived if isinstance(fact.source, PostedSource)}
    for batch, holding in back.items():
        one = said[batch]
        old.say(add_batch(old.state, batch, holding, digest=one.digest, without_cost=one.without_cost))
    return HandOver(invoice, old.id, {batch: one.lines for batch, one in back.items()}) if back else None


async def _offers(
    store: EventStore,
    desk: InvoiceDesk | None,
    invoice: UUID,
    state: CustomerInvoice,
    olds: Sequence[Restoring],
    reason: str,
) -> Sequence[Write]:
    streams = [Stream("usage-offer", offer) for offer in state.holdings]
    loaded: dict[UUID, Loaded] = {}
    writes = []
    for stream, history in (await store.load_many(streams)).items():
        offer, held = fold_offer(history.facts), state.holdings[stream.id]
        if offer is None:
            raise TypeError(f"{stream} holds lines on {state.reference} but is not there")
        facts = freed(offer, invoice, held, reason)
        for fact in facts:
            offer = evolve_offer(offer, fact) or offer
        for old in olds:
            for lines in await _parts(desk, loaded, offer, held, old):
                new = given(offer, old.id, old.before.reference, lines)
                for fact in new:
                    offer = evolve_offer(offer, fact) or offer
                facts += new
                source = source_of(history, loaded[held.provider_invoice], offer, lines)
                count, cost = lines.lines, lines.cost
                old.say(
                    add_purchases(
                        old.state, source, lines=count, cost=cost, currency=offer.currency, digest=lines.digest
                    )
                )
        writes.append(Write(history, tuple(facts), record_key=held.provider_invoice))
    return writes


async def _parts(
    desk: InvoiceDesk | None, loaded: dict[UUID, Loaded], offer: UsageOffer, held: Holding, old: Restoring
) -> Sequence[Lines]:
    """What an old one gets back of an offer: what it had given and the deleted one still held."""
    aside: Mapping[UUID, Holding] = {} if old.before.aside is None else old.before.aside.holdings
    had = aside.get(offer.stream.id)
    if had is None:
        return ()
    if desk is None:
        raise TypeError("lines of a provider invoice go back to an invoice only where provider invoices are known")
    if held.provider_invoice not in loaded:
        loaded[held.provider_invoice] = await load(desk, held.provider_invoice)
    back = both(held.ranges, had.ranges)
    arrived = [(None, fact) for fact in old.arrived]
    return [lines for _, lines in await held_parts(desk, loaded[held.provider_invoice], offer, back, arrived)]
