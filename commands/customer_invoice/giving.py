"""One offer gives lines to customer invoices: what both sides say, decided together, stored in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from commands.origin import Origin
from commands.ports.event_store import History, Save, Write
from commands.provider_invoice.desk import Loaded
from domain.customer_invoice.events import PurchaseSource
from domain.customer_invoice.holdings import Holding
from domain.customer_invoice.purchases import add_purchases
from domain.customer_invoice.state import CustomerInvoice, evolve, fold
from domain.fact import Fact
from domain.identity import Stream
from domain.usage_offer import decisions
from domain.usage_offer.ranges import Ranges
from domain.usage_offer.state import UsageOffer
from domain.usage_offer.state import evolve as evolve_offer


@dataclass(frozen=True, slots=True)
class Lines:
    """A batch of an offer's lines: at most 10,000."""

    ranges: Ranges
    lines: int
    cost: Decimal
    digest: str


@dataclass(slots=True)
class _Receiving:
    history: History
    state: CustomerInvoice
    facts: list[Fact] = field(default_factory=list)


@dataclass(slots=True)
class Giving:
    """An offer while it gives lines away. `invoices` are the customer invoices as they were loaded."""

    loaded: Loaded
    history: History
    offer: UsageOffer
    invoices: Mapping[Stream, History]
    facts: list[Fact] = field(default_factory=list)
    _receiving: dict[Stream, _Receiving] = field(default_factory=dict)

    def open_to(self, stream: Stream) -> bool:
        """Whether the invoice is there and takes lines in now."""
        receiving = self._receiver(stream)
        return receiving is not None and receiving.state.status in {"pending", "open", "error"}

    def give(self, stream: Stream, batch: Lines) -> None:
        """These lines go to this invoice, which is open to them."""
        receiving = self._receiver(stream)
        if receiving is None:
            raise TypeError(f"{stream} is not there")
        taken = given(self.offer, stream.id, receiving.state.reference, batch)
        added = add_purchases(
            receiving.state,
            source_of(self.history, self.loaded, self.offer, batch),
            lines=batch.lines,
            cost=batch.cost,
            currency=self.offer.currency,
            digest=batch.digest,
        )
        for fact in taken:
            self.offer = evolve_offer(self.offer, fact) or self.offer
        for fact in added:
            receiving.state = evolve(receiving.state, fact) or receiving.state
        self.facts += taken
        receiving.facts += added

    def save(self, origin: Origin) -> Save | None:
        """What was decided; None: nothing."""
        if not self.facts:
            return None
        receivers: Sequence[_Receiving] = [r for r in self._receiving.values() if r.facts]
        offer = Write(self.history, tuple(self.facts), record_key=self.loaded.id)
        return Save(origin=origin, writes=(offer, *(Write(r.history, tuple(r.facts)) for r in receivers)))

    def _receiver(self, stream: Stream) -> _Receiving | None:
        if stream not in self._receiving:
            history = self.invoices.get(stream)
            state = fold(history.facts) if history else None
            if history is None or state is None:
                return None
            self._receiving[stream] = _Receiving(history, state)
        return self._receiving[stream]


def given(offer: UsageOffer, invoice: UUID, reference: str, batch: Lines) -> list[Fact]:
    """What the offer says when free lines of it go to a customer invoice."""
    return decisions.take(
        offer,
        destination=invoice,
        kind="customer-invoice",
        name=reference,
        ranges=batch.ranges,
        lines=batch.lines,
        cost=batch.cost,
        digest=batch.digest,
    )


def freed(offer: UsageOffer, invoice: UUID, held: Holding, reason: str) -> list[Fact]:
    """What the offer says when all lines that a customer invoice holds of it are free again."""
    released = decisions.release(
        offer, customer_invoice=invoice, ranges=held.ranges, lines=held.lines, cost=held.cost, reason=reason
    )
    for fact in released:
        offer = evolve_offer(offer, fact) or offer
    again = decisions.reoffer(offer, ranges=held.ranges, lines=held.lines, cost=held.cost, reason=reason)
    return [*released, *again]


def source_of(history: History, loaded: Loaded, offer: UsageOffer, batch: Lines) -> PurchaseSource:
    """Where these lines come from, as a customer invoice says it."""
    return PurchaseSource(
        offer=history.stream.id,
        provider_invoice=loaded.id,
        provider=loaded.state.provider,
        invoice_number=loaded.state.number,
        attempt=offer.attempt,
        ranges=batch.ranges,
    )
