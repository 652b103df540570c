"""An item of a contract's invoice opened: what the line came to when it was billed, from its sources to the amount."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from commands.ports.contract_ledger import ContractLedger, TakenTransaction
from commands.ports.event_store import EventStore, History
from domain.billing_contract.cycles import cycle_of
from domain.billing_contract.entry import fold_entry
from domain.billing_contract.entry_events import EntryInvoiced, ScheduleFact, TransactionsTaken
from domain.billing_contract.fixed_price import Milestone
from domain.billing_contract.line_items import frequency_of, share_of, subscription_of
from domain.billing_contract.shares import shares_on, split_amount
from domain.billing_contract.state import BillingContract, Line, fold
from domain.billing_contract.subscription import Segment, exact_amount, segments
from domain.customer_invoice.calculation_events import ItemValue
from domain.customer_invoice.events import ContractSource
from domain.customer_invoice.state import CustomerInvoice
from domain.identity import Stream
from domain.money import less, rounded
from domain.rejected import Rejected
from domain.usage_offer.events import LineRange

OF_LINES: Final = frozenset({"subscription", "fixed_price", "time_and_material", "correction", "usage", "negation"})
"""Kinds of items that no pricing rule makes."""
SHOWN: Final = 1_000
"""Transactions that an explanation shows at most; `count` says how many there are."""
_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class ContractExplained:
    """An item down to its sources, as the contract was when it was billed, or recomputed by a recalculation.

    `whole`: what the line came to for all customers together, of which `share` percent (None: no part by shares) are
    `part`, the customer's; `billed` is on other invoices for that cycle (of a correction, and of an item that others
    had corrected when it was recomputed), and the rest is the item. None where they are not those of one cycle.
    `count`: segments, milestones or transactions.
    """

    item: ItemValue
    currency: str
    source: ContractSource
    line: Line
    count: int
    share: Decimal | None
    whole: Decimal | None = None
    part: Decimal | None = None
    billed: Decimal | None = None
    segments: Sequence[Segment] = ()
    milestones: Sequence[Milestone] = ()
    transactions: Sequence[TakenTransaction] = ()


async def explain_contract_item(
    store: EventStore, ledger: ContractLedger, invoice: UUID, state: CustomerInvoice, item: ItemValue
) -> ContractExplained:
    """The tree of an item that a contract's line made. Rejected `item-missing` where no contract is billed."""
    source, history = state.contract, None
    if source is not None:
        history = await store.load(Stream("billing-contract", source.contract_id))
    contract = None
    if source is not None and history is not None:
        # as its calculation saw it; what is taken once stays as it was split then
        version = state.billed_version if item.cycle is None else item.rule_version
        contract = fold(history.facts[:version])
    if source is None or contract is None or item.contract_line is None:
        raise Rejected("item-missing", f"{state.reference} has no line of a contract there.", kind="missing")
    line = contract.line(item.contract_line)
    count = next(
        (i.sources for i in source.items if (i.line, i.kind, i.cycle) == (line.code, item.kind, item.cycle)), 0
    )
    share = share_of(shares_on(contract.shares, item.cycle or state.invoice_date), state.customer)
    shown = ContractExplained(item, state.currency, source, line, count, share)
    if item.kind in ("usage", "negation"):  # what an approved invoice bills: that one says how
        return shown
    if item.cycle is not None:
        return _of_cycle(shown, contract, state.customer)
    streams = [Stream("billing-schedule", entry) for entry in source.entries]
    entries = [_until(history, invoice) for history in (await store.load_many(streams)).values()]
    if item.kind == "fixed_price":
        names = {f.ref.name for some in entries for f in some[-1:] if f.ref.line == line.code}
        found = [one for name, one in line.milestones.items() if name in names]
        return replace(shown, milestones=sorted(found, key=lambda one: (one.day, one.name)))
    taken = [one for some in entries for one in _taken(some, invoice) if one.line == line.code]
    within = await ledger.within(source.contract_id, first_of(taken))
    return replace(shown, transactions=[one for one in within if one.customer in (None, state.customer)])


def _of_cycle(shown: ContractExplained, contract: BillingContract, customer: str) -> ContractExplained:
    """The cycle worked out again from the quantities, prices and shares that were known then."""
    line, item = shown.line, shown.item
    first = item.cycle or line.starts
    cycle = cycle_of(contract.terms.starts, frequency_of(contract, line), first)
    parts = segments(subscription_of(contract, line), cycle)
    whole = rounded(exact_amount(parts), shown.currency)
    part = split_amount(whole, shares_on(contract.shares, first), shown.currency).get(customer, _NOTHING)
    others = less(part, item.amount)
    billed = others if others or item.kind == "correction" else None
    return replace(shown, whole=whole, part=part, billed=billed, segments=parts)


def _names(fact: EntryInvoiced, invoice: UUID) -> bool:
    return any(one.invoice == invoice for one in fact.invoices)


def _until(history: History, invoice: UUID) -> Sequence[ScheduleFact]:
    """The facts of an entry up to the one that bills it by this invoice; empty: it is on no entry."""
    found: list[ScheduleFact] = []
    for fact in history.facts:
        if isinstance(fact, ScheduleFact):
            found.append(fact)
        if isinstance(fact, EntryInvoiced) and _names(fact, invoice):
            return found
    return ()


def _taken(billed: Sequence[ScheduleFact], invoice: UUID) -> Sequence[TransactionsTaken]:
    """What the invoice holds: what was billed again for one customer alone was taken before."""
    state = fold_entry(billed)
    return () if state is None else [taken for by, taken in state.transactions if invoice in by]


def first_of(taken: Sequence[TransactionsTaken]) -> Sequence[TransactionsTaken]:
    """The first of them, as many as are shown of a line."""
    left, found = SHOWN, []
    for one in taken:
        spans = []
        for span in one.ranges:
            last = min(span.last, span.first + left - 1)
            if left > 0:
                spans.append(LineRange(first=span.first, last=last))
                left -= last - span.first + 1
        if spans:
            found.append(one.model_copy(update={"ranges": tuple(spans)}))
    return found
