"""What a contract comes to for the entries that are due: items for each customer, decided without storing anything.

One rule for what is billed and what is corrected: of a line and cycle each customer owes its part of the rounded amount
as it is known now, less what its live invoices bill for it. Billed for the first time that is the line's item, else a
correction. Source of the rules: billing contracts; money, "Splitting by shares".
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial

from domain.billing_contract.entry_events import TransactionsTaken
from domain.billing_contract.known import Due, Known
from domain.billing_contract.line_items import NOTHING, LineItem, TransactionSum, items_of, owed_again
from domain.billing_contract.parts import SubscriptionTerms, TimeAndMaterialTerms
from domain.billing_contract.planning import shares_cycle
from domain.billing_contract.schedule import Entry
from domain.billing_contract.skipping import Skip, bills_nothing_else, items_or_skip
from domain.billing_contract.state import BillingContract
from domain.money import add


@dataclass(slots=True)
class Plan:
    """What is to be billed as of a day. `items` by customer, in order of the contract's lines; a customer whose parts
    are all 0.00 is left out. `taken`: transactions, by line. `due`: the entries that are done by this. `skipped`: lines
    that can't be billed as they are set up; `waits`: entries that stay active, as they bill nothing else.
    """

    day: date
    due: Sequence[Due]
    items: Mapping[str, Sequence[LineItem]] = field(default_factory=dict)
    taken: Mapping[str, Sequence[TransactionsTaken]] = field(default_factory=dict)
    skipped: Sequence[Skip] = ()
    waits: Sequence[Due] = ()
    warnings: Sequence[str] = ()
    """Of costs that are not known."""


def wanted_transactions(known: Known, due: Sequence[Due]) -> Mapping[str, date | None]:
    """Line -> the last day of the transactions that a billing takes; None: of any day."""
    found: dict[str, date | None] = {}
    for one in due:
        line = one.entry.line
        if one.entry.kind != "run" or line is None or one.only is not None:
            continue
        if isinstance(known.contract.lines[line].terms, TimeAndMaterialTerms):
            before = found.get(line, one.entry.cut_off)
            found[line] = None if before is None or one.entry.cut_off is None else max(before, one.entry.cut_off)
    return found


def bill(
    known: Known,
    day: date,
    due: Sequence[Due],
    sums: Mapping[str, Sequence[TransactionSum]],
    negations: Sequence[LineItem] = (),
) -> Plan:
    """The plan; `sums`: of the transactions that `wanted_transactions` asks for, by line. `negations`: what approved
    invoices bill otherwise; what comes to the same again is left out.
    """
    found: dict[str, list[LineItem]] = defaultdict(list)
    sums = {line: _of_customers(known.contract, some) for line, some in sums.items()}
    cycles = cycles_due(known.contract, due)
    billed = billed_of(known)
    skipped: dict[str, Skip] = {}
    for line in known.contract.lines.values():
        own = (cycles.get(line.code, ()), billed, sums.get(line.code, ()))
        made = items_or_skip(known.contract, line, day, partial(items_of, known, day, line, due, *own))
        if isinstance(made, Skip):
            skipped[line.code] = made
            continue
        for item in made:
            found[item.customer].append(item)
    waits = [one for one in due if skipped and bills_nothing_else(known.contract, one.entry, skipped)]
    due = [one for one in due if one not in waits]
    if waits and not due:  # corrections ride with what is billed
        return Plan(day, (), skipped=list(skipped.values()), waits=waits)
    for item in (*owed_again(known, due), *negations):
        found[item.customer].append(item)
    items: Mapping[str, Sequence[LineItem]] = found
    if negations:
        items = {customer: _differing(some) for customer, some in found.items()}
    kept = {customer: some for customer, some in items.items() if any(item.amount for item in some)}
    shown = {item.line for some in kept.values() for item in some if item.transactions}
    taken = {code: [taken for one in some for taken in one.taken] for code, some in sums.items() if code in shown}
    return Plan(day, due, kept, taken, list(skipped.values()), waits)


def _of_customers(contract: BillingContract, sums: Sequence[TransactionSum]) -> Sequence[TransactionSum]:
    """Those of the contract's customers: what names one who has left stays where it is."""
    customers = {one.customer for one in contract.terms.customers}
    return [one for one in sums if one.customer is None or one.customer in customers]


def billed_parts(plan: Plan) -> Sequence[tuple[str, LineItem]]:
    """Each item that an invoice bills, by customer."""
    return [(customer, item) for customer, some in plan.items.items() for item in some]


def billed_of(known: Known) -> dict[tuple[str, date], dict[str, Decimal]]:
    """What live invoices bill for each line and cycle, by customer."""
    found: dict[tuple[str, date], dict[str, Decimal]] = defaultdict(dict)
    for entry in known.entries.values():
        for part in entry.billed:
            if part.cycle is not None:
                of = found[part.line, part.cycle]
                of[part.customer] = add(of.get(part.customer, NOTHING), part.amount)
    return found


def cycles_due(contract: BillingContract, due: Iterable[Due]) -> Mapping[str, Sequence[Entry]]:
    """The due cycles of each subscription line."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for one in due:
        if one.entry.kind == "cycle":
            for line in contract.lines.values():
                own = one.entry.line == line.code
                if isinstance(line.terms, SubscriptionTerms) and (
                    own or (one.entry.line is None and shares_cycle(line))
                ):
                    found[line.code].append(one.entry)
    return found


def _differing(items: Sequence[LineItem]) -> Sequence[LineItem]:
    """Without what comes to the same as the approved invoices that are negated say."""
    negated = {(item.customer, item.line, item.cycle) for item in items if item.negates is not None}
    sums: dict[tuple[str, str, date | None], Decimal] = {}
    for item in items:
        key = (item.customer, item.line, item.cycle)
        sums[key] = add(sums.get(key, NOTHING), item.amount)
    same = {key for key in negated if not sums[key]}
    return [item for item in items if (item.customer, item.line, item.cycle) not in same]
