"""What each kind of contract line comes to for the entries that are due: its items, by customer.

Source of the rules: billing contracts, "Lines"; money, "Splitting by shares".
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from domain.billing_contract.cycles import Frequency, cycle_of
from domain.billing_contract.entry_events import BilledPart, TransactionsTaken
from domain.billing_contract.fixed_price import Milestone, milestones_amount
from domain.billing_contract.known import Due, Known
from domain.billing_contract.parts import FixedPriceTerms, SubscriptionTerms, TimeAndMaterialTerms
from domain.billing_contract.planning import shares_cycle
from domain.billing_contract.schedule import Entry
from domain.billing_contract.shares import Share, shares_on, split_amount, split_cost
from domain.billing_contract.state import BillingContract, Line
from domain.billing_contract.subscription import Segment, Subscription, exact_amount, segments
from domain.money import add, less, rounded

ItemKind = Literal["subscription", "fixed_price", "time_and_material", "correction", "negation"]
NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class TransactionSum:
    """Ready transactions of a line that nothing holds, of one customer (None: split by shares), summed exactly.

    `cost`: of those whose cost is known; None: of none.
    """

    customer: str | None
    exact: Decimal
    cost: Decimal | None
    without_cost: int
    taken: tuple[TransactionsTaken, ...]

    @property
    def count(self) -> int:
        """How many."""
        return sum(one.count for one in self.taken)


@dataclass(frozen=True, slots=True)
class LineItem:
    """What one contract line comes to for one customer; `amount` is rounded. `cycle`: the first day of the one it is
    for; None: milestones or transactions. `first` and `last`: the days that it covers.

    Sources: `segments` of the whole line before shares, `milestones`, `transactions` (how many).
    """

    line: str
    kind: ItemKind
    customer: str
    amount: Decimal
    whole: Decimal
    share: Decimal | None
    first: date
    last: date
    cycle: date | None = None
    billed: Decimal = NOTHING
    """Of a correction: what live invoices bill for the cycle."""
    cost: Decimal | None = None
    segments: tuple[Segment, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    transactions: int = 0
    by_milestone: tuple[tuple[str, Decimal], ...] = ()
    """What of the amount is each milestone's."""
    negates: UUID | None = None
    """An approved invoice that bills the cycle otherwise: its part, taken back."""
    again: Entry | None = None
    """The entry for which it was on an invoice that was deleted, while others hold their parts of it still."""


Billed = Mapping[tuple[str, date], Mapping[str, Decimal]]
"""(line, first day of a cycle) -> customer -> what live invoices bill for it, corrections included."""


def items_of(
    known: Known,
    day: date,
    line: Line,
    due: Sequence[Due],
    cycles: Sequence[Entry],
    billed: Billed,
    sums: Sequence[TransactionSum],
) -> Iterable[LineItem]:
    """What a line comes to for the entries that are due, by customer."""
    match line.terms:
        case SubscriptionTerms():
            yield from _of_subscription(known, line, cycles, billed)
        case FixedPriceTerms():
            yield from _of_milestones(known, day, line, due)
        case TimeAndMaterialTerms():
            yield from _of_transactions(known, day, line, due, sums)
        case _:  # usage is priced by pricing rules
            return


def _of_subscription(known: Known, line: Line, cycles: Sequence[Entry], billed: Billed) -> Iterable[LineItem]:
    """Due cycles, and cycles billed before that come to something else now."""
    contract = known.contract
    subscription = subscription_of(contract, line)
    frequency = frequency_of(contract, line)
    due, done = {entry.first for entry in cycles}, _cycles_done(known, line)
    for first in sorted(due | done.keys() | {cycle for code, cycle in billed if code == line.code}):
        cycle = cycle_of(contract.terms.starts, frequency, first)
        parts = segments(subscription, cycle)
        exact = exact_amount(parts)
        whole = rounded(exact, contract.terms.currency)
        shares = shares_on(contract.shares, first)
        owed = split_amount(whole, shares, contract.terms.currency)
        before = billed.get((line.code, first), {})
        for customer in [*owed, *(c for c in before if c not in owed)]:
            corrects = customer in before or first not in due
            if first not in due and customer in done.get(first, ()):
                continue  # its invoice was deleted: its part is billed when the cycle is due again
            amount = less(owed.get(customer, NOTHING), before.get(customer, NOTHING))
            if corrects and not amount:
                continue
            yield LineItem(
                line=line.code,
                kind="correction" if corrects else "subscription",
                customer=customer,
                amount=amount,
                whole=whole,
                share=share_of(shares, customer),
                first=max(first, line.starts) if parts else first,
                last=cycle.last,
                cycle=first,
                billed=before.get(customer, NOTHING),
                segments=parts,
            )


def _cycles_done(known: Known, line: Line) -> Mapping[date, frozenset[str]]:
    """The first day of each cycle of a line that was billed or came to nothing, with the customers whose invoices were
    deleted since. A line that was added later counts as billed with nothing.
    """
    code, ends = None if shares_cycle(line) else line.code, known.contract.ends_of(line)
    found: dict[date, frozenset[str]] = {}
    for entry in known.entries.values():
        ref = entry.ref
        if ref.kind == "cycle" and ref.line == code and ref.last >= line.starts:
            if entry.status == "inactive" and entry.reason != "cancelled":
                found[ref.first] = frozenset()
            elif entry.live:
                over = ends is not None and ref.first >= ends  # then the cycle is not due again for this line
                found[ref.first] = frozenset() if over else entry.owed_customers
    return found


def _of_milestones(known: Known, day: date, line: Line, due: Sequence[Due]) -> Iterable[LineItem]:
    contract = known.contract
    named = {one.entry.name for one in due if one.entry.kind == "milestone" and one.entry.line == line.code}
    taken = [
        one
        for one in sorted(line.milestones.values(), key=lambda one: (one.day, one.name))
        if one.ready and one.name in named and not _held(known, line, one)
    ]
    if not taken:
        return
    currency, shares = contract.terms.currency, shares_on(contract.shares, day)
    whole = milestones_amount(taken, currency)
    sums = [split_amount(milestones_amount(taken[:n], currency), shares, currency) for n in range(1, len(taken) + 1)]
    for customer, amount in sums[-1].items():
        before = [NOTHING, *(some[customer] for some in sums)]
        yield LineItem(
            line=line.code,
            kind="fixed_price",
            customer=customer,
            amount=amount,
            whole=whole,
            share=share_of(shares, customer),
            first=taken[0].day,
            last=taken[-1].day,
            milestones=tuple(taken),
            by_milestone=tuple((one.name, less(sums[n][customer], before[n])) for n, one in enumerate(taken)),
        )


def _of_transactions(
    known: Known, day: date, line: Line, due: Sequence[Due], sums: Sequence[TransactionSum]
) -> Iterable[LineItem]:
    contract = known.contract
    runs = [one.entry.run_date for one in due if one.entry.kind == "run" and one.entry.line == line.code]
    if not runs or not sums:
        return
    currency, shares = contract.terms.currency, shares_on(contract.shares, day)
    amounts: dict[str, Decimal] = {}
    costs: dict[str, Decimal] = {}
    count: dict[str, int] = defaultdict(int)
    whole = NOTHING
    for one in sums:
        amount = rounded(one.exact, currency)
        whole = add(whole, amount)
        parts = split_amount(amount, shares, currency) if one.customer is None else {one.customer: amount}
        for customer, part in parts.items():
            amounts[customer] = add(amounts.get(customer, NOTHING), part)
            count[customer] += one.count
        if one.cost is not None:
            known_costs = split_cost(one.cost, shares) if one.customer is None else {one.customer: one.cost}
            for customer, part in known_costs.items():
                costs[customer] = add(costs.get(customer, NOTHING), part)
    for customer, amount in amounts.items():
        yield LineItem(
            line=line.code,
            kind="time_and_material",
            customer=customer,
            amount=amount,
            whole=whole,
            share=share_of(shares, customer),
            first=min(runs),
            last=max(runs),
            cost=costs.get(customer),
            transactions=count[customer],
        )


def owed_again(known: Known, due: Sequence[Due]) -> Iterable[LineItem]:
    """Milestones and transactions of a deleted invoice whose other customers' invoices stand: the same parts again."""
    for one in due:
        if one.only is None or one.state is None:
            continue
        sums: dict[tuple[str, str], list[BilledPart]] = defaultdict(list)
        for part in one.state.owed:
            sums[part.line, part.customer].append(part)
        for (line, customer), parts in sums.items():
            amount = add(*(part.amount for part in parts))
            kind: ItemKind = "fixed_price"
            if isinstance(known.contract.lines[line].terms, TimeAndMaterialTerms):
                kind = "time_and_material"
            yield LineItem(
                line=line,
                kind=kind,
                customer=customer,
                amount=amount,
                whole=amount,
                share=None,
                first=one.entry.first,
                last=one.entry.last,
                again=one.entry,
            )


def subscription_of(contract: BillingContract, line: Line) -> Subscription:
    """A subscription line as it is known now."""
    policy = line.terms.refund_policy if isinstance(line.terms, SubscriptionTerms) else None
    return Subscription(
        line.starts,
        line.quantities,
        line.prices,
        contract.ends_of(line),
        policy or contract.terms.refund_policy,
    )


def frequency_of(contract: BillingContract, line: Line) -> Frequency:
    """Of its cycles: its own or the contract's."""
    own = line.terms.frequency if isinstance(line.terms, SubscriptionTerms) else None
    return own or contract.terms.frequency


def _held(known: Known, line: Line, one: Milestone) -> bool:
    """Whether a live invoice has the milestone: each has an entry of its own."""
    state = known.state(Entry(one.day, "milestone", line.code, one.day, one.day, one.name))
    return state is not None and (bool(state.live) or state.reason == "cancelled")


def share_of(shares: Sequence[Share], customer: str) -> Decimal | None:
    """A customer's percentage; None: it has none."""
    return next((one.percent for one in shares if one.customer == customer), None)
