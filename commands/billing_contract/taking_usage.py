"""Usage that waits for a contract's cycle goes to the invoice that bills the cycle, in the same transaction."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from commands.customer_invoice.giving import Lines, freed, given, source_of
from commands.customer_invoice.route_usage import Router, Waiting, waiting_usage
from commands.origin import Origin
from commands.ports.event_store import Conflict, History, Rows, Write
from commands.ports.purchases import HandOver, TakeFromEntry, WaitingAt
from commands.provider_invoice.desk import Loaded
from domain.billing_contract.entry import entry_stream
from domain.billing_contract.parts import UsageTerms
from domain.billing_contract.planning import shares_cycle
from domain.billing_contract.selection import Due, Known
from domain.customer_invoice.events import PostedSource, PurchasesAdded
from domain.customer_invoice.holdings import Holding, PostedHolding
from domain.customer_invoice.purchases import add_purchases
from domain.customer_invoice.state import CustomerInvoice, evolve
from domain.fact import Fact
from domain.identity import id_for
from domain.rejected import Rejected
from domain.usage_offer.state import UsageOffer
from domain.usage_offer.state import evolve as evolve_offer


@dataclass(frozen=True, slots=True)
class HeldLines:
    """Lines of an offer that an invoice holds whose place a new one takes, each batch with its entry."""

    invoice: UUID
    loaded: Loaded
    history: History
    offer: UsageOffer
    holding: Holding
    batches: Sequence[tuple[UUID, Lines]]


@dataclass(frozen=True, slots=True)
class HeldBatch:
    """A batch of posted purchases that such an invoice holds; `digest` and `without_cost` as it took them."""

    invoice: UUID
    entry: UUID
    batch: UUID
    holding: PostedHolding
    digest: str
    without_cost: int


@dataclass(slots=True)
class UsageToTake:
    """What waits for the due cycles of one contract, for one customer. Days are those of the cycles.

    `lines` and `batches` are handed over by invoices whose place a new one takes.
    """

    first: date
    last: date
    offered: list[tuple[Waiting, UUID]] = field(default_factory=list)
    posted: list[WaitingAt] = field(default_factory=list)
    lines: list[HeldLines] = field(default_factory=list)
    batches: list[HeldBatch] = field(default_factory=list)

    @property
    def entries(self) -> Sequence[UUID]:
        """Entries that it is for, each once."""
        held = (entry for one in self.lines for entry, _ in one.batches)
        waiting = (*(entry for _, entry in self.offered), *(one.entry for one in self.posted))
        return list(dict.fromkeys([*waiting, *held, *(one.entry for one in self.batches)]))


@dataclass(slots=True)
class Taken:
    """What an invoice says when it takes usage, and what rides with it."""

    facts: list[Fact] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    rows: list[Rows] = field(default_factory=list)
    seqs: dict[UUID, Sequence[int]] = field(default_factory=dict)
    """Batch -> rows of posted purchases, which are not stored yet."""
    received: list[tuple[UUID, PurchasesAdded]] = field(default_factory=list)
    """What was taken for each entry, in order."""


Usage = Mapping[str, UsageToTake]
"""By customer."""


async def usage_of(router: Router, origin: Origin, due: Sequence[tuple[Known, Sequence[Due]]]) -> Mapping[UUID, Usage]:
    """Contract -> what waits for its due cycles, by customer. Contracts without usage lines cost nothing."""
    entries = {id_: (known, one) for known, some in due for id_, one in _cycles(known, some)}
    if not entries:
        return {}
    found: dict[UUID, dict[str, UsageToTake]] = defaultdict(dict)

    def of(customer: str, entry: UUID) -> UsageToTake:
        known, one = entries[entry]
        there = found[known.contract_id].get(customer)
        if there is None:
            there = found[known.contract_id][customer] = UsageToTake(one.entry.first, one.entry.last)
        there.first, there.last = min(there.first, one.entry.first), max(there.last, one.entry.last)
        return there

    customers = sorted({share.customer for known, _ in entries.values() for share in known.contract.terms.customers})
    for waiting in await waiting_usage(router, origin, customers, frozenset(entries)):
        for entry in waiting.batches:
            of(waiting.offer.customer, entry).offered.append((waiting, entry))
    for batch in await router.billing.purchases.waiting_at(list(entries)):
        of(batch.customer, batch.entry).posted.append(batch)
    return found


@dataclass(slots=True)
class _Offer:
    """An offer that gives lines to the invoice: what invoices hand over first, then what waits."""

    loaded: Loaded
    history: History
    offer: UsageOffer
    held: list[HeldLines] = field(default_factory=list)
    lines: list[tuple[UUID, Lines]] = field(default_factory=list)


def take_usage(invoice: UUID, state: CustomerInvoice, usage: UsageToTake) -> tuple[Taken, CustomerInvoice]:
    """Facts of the invoice and of the offers, and the invoice after them."""
    taken = Taken()
    for one in _by_offer(usage):
        try:
            state = _take_lines(invoice, state, one, taken)
        except Rejected as no:
            if one.held:  # what waits was read before other invoices handed lines over, or after
                raise Conflict(one.history.stream) from no
            raise
    for waiting in usage.posted:
        batch = id_for("purchase-batch", str(invoice), str(state.version + 1))
        facts = add_purchases(
            state,
            PostedSource(batch=batch),
            lines=len(waiting.seqs),
            cost=waiting.cost,
            currency=waiting.currency or state.currency,
            digest=waiting.digest,
            without_cost=0 if waiting.currency else len(waiting.seqs),
        )
        state = _added(state, taken, waiting.entry, facts)
        taken.rows.append(TakeFromEntry(waiting.entry, invoice, batch, waiting.seqs))
        taken.seqs[batch] = waiting.seqs
    for held in usage.batches:
        facts = add_batch(state, held.batch, held.holding, digest=held.digest, without_cost=held.without_cost)
        state = _added(state, taken, held.entry, facts)
    taken.rows += handed_over(invoice, usage.batches)
    return taken, state


def add_batch(
    state: CustomerInvoice, batch: UUID, holding: PostedHolding, *, digest: str, without_cost: int
) -> list[Fact]:
    """A batch comes from another invoice as it is there."""
    return add_purchases(
        state,
        PostedSource(batch=batch, without=holding.removed),
        lines=holding.lines,
        cost=holding.cost,
        currency=holding.currency,
        digest=digest,
        without_cost=holding.lines if without_cost else 0,
    )


def handed_over(to: UUID, batches: Sequence[HeldBatch]) -> list[HandOver]:
    """The rows of batches that invoices hand over to one."""
    by_invoice: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for one in batches:
        by_invoice[one.invoice][one.batch] = one.holding.lines
    return [HandOver(invoice, to, several) for invoice, several in by_invoice.items()]


def _by_offer(usage: UsageToTake) -> Sequence[_Offer]:
    found: dict[UUID, _Offer] = {}

    def of(one: Waiting | HeldLines) -> _Offer:
        there = found.get(one.history.stream.id)
        if there is None or one.history.version < there.history.version:  # the older one: a Conflict, if it moved on
            lines, held = ([], []) if there is None else (there.lines, there.held)
            there = found[one.history.stream.id] = _Offer(one.loaded, one.history, one.offer, held, lines)
        return there

    for held in usage.lines:
        of(held).held.append(held)
        of(held).lines += held.batches
    for waiting, entry in usage.offered:
        of(waiting).lines += [(entry, lines) for lines in waiting.batches[entry]]
    return list(found.values())


def _take_lines(invoice: UUID, state: CustomerInvoice, one: _Offer, taken: Taken) -> CustomerInvoice:
    offer, facts = one.offer, list[Fact]()

    def said(new: Sequence[Fact]) -> None:
        nonlocal offer
        for fact in new:
            offer = evolve_offer(offer, fact) or offer
        facts.extend(new)

    for held in one.held:
        said(freed(offer, held.invoice, held.holding, f"taken over by {state.reference}"))
    for entry, lines in one.lines:
        said(given(offer, invoice, state.reference, lines))
        source = source_of(one.history, one.loaded, offer, lines)
        new = add_purchases(
            state, source, lines=lines.lines, cost=lines.cost, currency=offer.currency, digest=lines.digest
        )
        state = _added(state, taken, entry, new)
    taken.writes.append(Write(one.history, tuple(facts), record_key=one.loaded.id))
    return state


def _added(state: CustomerInvoice, taken: Taken, entry: UUID, facts: Sequence[Fact]) -> CustomerInvoice:
    for fact in facts:
        state = evolve(state, fact) or state
        if isinstance(fact, PurchasesAdded):
            taken.received.append((entry, fact))
    taken.facts += facts
    return state


def _cycles(known: Known, due: Sequence[Due]) -> Sequence[tuple[UUID, Due]]:
    """The due cycles that a usage line is billed with."""
    lines = [line for line in known.contract.lines.values() if isinstance(line.terms, UsageTerms)]
    shared = any(shares_cycle(line) for line in lines)
    own = {line.code for line in lines if not shares_cycle(line)}
    return [
        (entry_stream(known.contract.number, one.entry).id, one)
        for one in due
        if one.entry.kind == "cycle" and (shared if one.entry.line is None else one.entry.line in own)
    ]
