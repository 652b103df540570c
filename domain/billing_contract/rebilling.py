"""An invoice of a contract is recalculated: what the same entries come to with the contract as it is now.

Cycles of subscriptions, and the corrections that ride on the invoice, are computed anew: the customer's part as it is
known now, less what other live invoices bill of it, so that later corrections find nothing to correct. Milestones and
transactions are agreed amounts that were taken once: their parts stay, as those of the other customers do. Source of
the rules: customer invoices, "recalculate".
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial
from uuid import UUID

from domain.billing_contract.billing import billed_of, cycles_due
from domain.billing_contract.entry import EntryState
from domain.billing_contract.entry_events import BilledPart, EntryRebilled, EntryRef
from domain.billing_contract.line_items import NOTHING, LineItem, items_of
from domain.billing_contract.parts import SubscriptionTerms
from domain.billing_contract.schedule import Entry
from domain.billing_contract.selection import Due, Known
from domain.billing_contract.skipping import Skip, items_or_skip
from domain.customer_invoice.events import ContractItem
from domain.customer_invoice.state import CustomerInvoice
from domain.money import add

Key = tuple[str, date]
"""A line and the first day of a cycle."""


@dataclass(frozen=True, slots=True)
class Recomputed:
    """Items of subscription lines, in order. `left`: those lines that can't be computed, and stay as they were."""

    items: Sequence[LineItem]
    left: frozenset[str]


def recomputed(known: Known, invoice: UUID, state: CustomerInvoice) -> Recomputed:
    """Of the cycles of the invoice's entries, and of those that it corrects."""
    before = _items(state)
    cycles = cycles_due(known.contract, [Due(_entry(one.ref)) for one in _entries(known, invoice)])
    wanted = {(code, entry.first) for code, some in cycles.items() for entry in some}
    wanted |= {key for key, kind in before if kind == "correction"}
    billed = billed_of(_without_cycles(known, invoice))
    for key, amounts in _negated(before).items():
        of = billed[key]
        of[state.customer] = add(of.get(state.customer, NOTHING), *amounts)
    found, left, day = [], set(), state.invoice_date
    for line in known.contract.lines.values():
        if not isinstance(line.terms, SubscriptionTerms):
            continue
        compute = partial(items_of, known, day, line, (), cycles.get(line.code, ()), billed, ())
        made = items_or_skip(known.contract, line, day, compute)
        if isinstance(made, Skip):
            left.add(line.code)
            continue
        for item in made:
            if item.customer != state.customer or item.cycle is None or (line.code, item.cycle) not in wanted:
                continue
            if ((line.code, item.cycle), "subscription") in before:
                found.append(replace(item, kind="subscription"))  # it stays that, whoever corrects it since
            elif item.amount:
                found.append(item)
    return Recomputed(found, frozenset(left))


def with_kept(
    known: Known,
    state: CustomerInvoice,
    anew: Sequence[ContractItem],
    left: frozenset[str],
    usage: Sequence[ContractItem],
) -> tuple[ContractItem, ...]:
    """All items of the invoice: those that are computed anew, what stays (of lines that are `left` all), and `usage` of
    approved invoices that it corrects.
    """
    old = state.contract.items if state.contract is not None else ()
    stay = [
        one
        for one in old
        if one.kind in ("fixed_price", "time_and_material")
        or (one.line in left and one.kind in ("subscription", "correction"))
    ]
    by_line = [one for code in known.contract.lines for one in (*anew, *stay) if one.line == code]
    return (*by_line, *(one for one in old if one.kind == "negation" and one.cycle is not None), *usage)


def same_items(some: Sequence[ContractItem], others: Sequence[ContractItem]) -> bool:
    """Whether they are the same, in whatever order."""
    return _by_name(some) == _by_name(others)


def rebilled(
    known: Known, invoice: UUID, state: CustomerInvoice, items: Sequence[ContractItem]
) -> Mapping[UUID, EntryRebilled]:
    """A fact for each entry, by its id, of which the invoice bills something else with these items."""
    entries = {id_: one for id_, one in known.entries.items() if invoice in one.live}
    places = _places(known, invoice, entries)
    first = min(entries, key=lambda id_: (entries[id_].ref.run_date, id_), default=None)
    parts: dict[UUID, list[BilledPart]] = defaultdict(list)
    for item in items:
        place = None if item.cycle is None else places.get((item.line, item.cycle), first)
        if place is not None:
            customer, amount = state.customer, item.amount
            parts[place].append(
                BilledPart(invoice=invoice, customer=customer, line=item.line, cycle=item.cycle, amount=amount)
            )
    found = {}
    for id_, entry in entries.items():
        own = [part for part in entry.billed if part.invoice == invoice]
        now = (*parts[id_], *(part for part in own if part.cycle is None))
        if _sums(now) != _sums(own):
            found[id_] = EntryRebilled(
                contract=known.contract.number,
                ref=entry.ref,
                invoice=invoice,
                reference=state.reference,
                customer=state.customer,
                billed=now,
            )
    return found


def _entries(known: Known, invoice: UUID) -> Sequence[EntryState]:
    return [one for one in known.entries.values() if invoice in one.live]


def _entry(ref: EntryRef) -> Entry:
    return Entry(ref.run_date, ref.kind, ref.line, ref.first, ref.last, ref.name, None, ref.closing)


def _items(state: CustomerInvoice) -> Mapping[tuple[Key, str], Sequence[Decimal]]:
    """Amounts by line, cycle and kind."""
    found: dict[tuple[Key, str], list[Decimal]] = defaultdict(list)
    for one in state.contract.items if state.contract is not None else ():
        if one.cycle is not None:
            found[(one.line, one.cycle), one.kind].append(one.amount)
    return dict(found)


def _negated(items: Mapping[tuple[Key, str], Sequence[Decimal]]) -> Mapping[Key, Sequence[Decimal]]:
    """What approved invoices bill of cycles, taken back by this one: that stays."""
    return {key: amounts for (key, kind), amounts in items.items() if kind == "negation"}


def _without_cycles(known: Known, invoice: UUID) -> Known:
    """Without what the invoice bills of cycles."""
    entries = {
        id_: replace(one, billed=tuple(part for part in one.billed if part.invoice != invoice or part.cycle is None))
        for id_, one in known.entries.items()
    }
    return replace(known, entries=entries)


def _places(known: Known, invoice: UUID, entries: Mapping[UUID, EntryState]) -> Mapping[Key, UUID]:
    """On which entry each part belongs: where it is, else that of the cycle."""
    found: dict[Key, UUID] = {}
    for id_, one in entries.items():
        for line in cycles_due(known.contract, [Due(_entry(one.ref))]):
            found[line, one.ref.first] = id_
    for id_, one in entries.items():
        found |= {(part.line, part.cycle): id_ for part in one.billed if part.invoice == invoice and part.cycle}
    return found


def _sums(parts: Sequence[BilledPart]) -> Mapping[tuple[str, date | None], Decimal]:
    found: dict[tuple[str, date | None], Decimal] = {}
    for part in parts:
        key = part.line, part.cycle
        found[key] = add(found.get(key, NOTHING), part.amount)
    return found


def _by_name(items: Sequence[ContractItem]) -> Mapping[tuple[object, ...], ContractItem]:
    return {(one.line, one.kind, one.cycle, one.product, one.subscription): one for one in items}
