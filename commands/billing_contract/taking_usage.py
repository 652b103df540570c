"""Usage that waits for a contract's cycle goes to the invoice that bills the cycle, in the same transaction."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from commands.customer_invoice.route_usage import Router, Waiting, waiting_usage
from commands.origin import Origin
from commands.ports.event_store import Rows, Write
from commands.ports.purchases import TakeFromEntry, WaitingAt
from domain.billing_contract.entry import entry_stream
from domain.billing_contract.parts import UsageTerms
from domain.billing_contract.planning import shares_cycle
from domain.billing_contract.selection import Due, Known
from domain.customer_invoice.events import PostedSource, PurchasesAdded, PurchaseSource
from domain.customer_invoice.purchases import add_purchases
from domain.customer_invoice.state import CustomerInvoice, evolve
from domain.fact import Fact
from domain.identity import id_for
from domain.usage_offer import decisions
from domain.usage_offer.state import evolve as evolve_offer


@dataclass(slots=True)
class UsageToTake:
    """What waits for the due cycles of one contract, for one customer. Days are those of the cycles."""

    first: date
    last: date
    offered: list[tuple[Waiting, UUID]] = field(default_factory=list)
    posted: list[WaitingAt] = field(default_factory=list)


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


def take_usage(invoice: UUID, state: CustomerInvoice, usage: UsageToTake) -> tuple[Taken, CustomerInvoice]:
    """Facts of the invoice and of the offers, and the invoice after them."""
    taken = Taken()

    def add(entry: UUID, facts: Sequence[Fact]) -> None:
        nonlocal state
        for fact in facts:
            state = evolve(state, fact) or state
            if isinstance(fact, PurchasesAdded):
                taken.received.append((entry, fact))
        taken.facts += facts

    by_offer: dict[UUID, tuple[Waiting, list[UUID]]] = {}
    for waiting, entry in usage.offered:
        by_offer.setdefault(waiting.history.stream.id, (waiting, []))[1].append(entry)
    for waiting, entries in by_offer.values():
        offer, facts = waiting.offer, []
        for at, lines in ((one, some) for one in entries for some in waiting.batches[one]):
            new = decisions.take(
                offer,
                destination=invoice,
                kind="customer-invoice",
                name=state.reference,
                ranges=lines.ranges,
                lines=lines.lines,
                cost=lines.cost,
                digest=lines.digest,
            )
            for fact in new:
                offer = evolve_offer(offer, fact) or offer
            facts += new
            source = PurchaseSource(
                offer=waiting.history.stream.id,
                provider_invoice=waiting.loaded.id,
                provider=waiting.loaded.state.provider,
                invoice_number=waiting.loaded.state.number,
                attempt=offer.attempt,
                ranges=lines.ranges,
            )
            add(
                at,
                add_purchases(
                    state, source, lines=lines.lines, cost=lines.cost, currency=offer.currency, digest=lines.digest
                ),
            )
        taken.writes.append(Write(waiting.history, tuple(facts), record_key=waiting.loaded.id))
    for one in usage.posted:
        batch = id_for("purchase-batch", str(invoice), str(state.version + 1))
        add(
            one.entry,
            add_purchases(
                state,
                PostedSource(batch=batch),
                lines=len(one.seqs),
                cost=one.cost,
                currency=one.currency or state.currency,
                digest=one.digest,
                without_cost=0 if one.currency else len(one.seqs),
            ),
        )
        taken.rows.append(TakeFromEntry(one.entry, invoice, batch, one.seqs))
        taken.seqs[batch] = one.seqs
    return taken, state


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
