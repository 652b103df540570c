"""Which entries a billing takes. Source of the rules: billing contracts, "The invoice run" and "By hand"."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Final, Literal
from uuid import UUID

from domain.billing_contract.entry import EntryState, entry_stream, fold_entry, overdue
from domain.billing_contract.known import Due, Known
from domain.billing_contract.planning import schedules_of
from domain.billing_contract.schedule import CycleSchedule, Entry, entries, following, named, within
from domain.billing_contract.settling import settled_on, settlement, settles
from domain.billing_contract.state import BillingContract
from domain.rejected import Rejected

_LOOKED_AT: Final = 20_000
"""Entries that are looked at for the next one that is not billed."""

__all__ = ["Ask", "Due", "Known", "due_entries", "fold_entry", "named_entry", "next_run"]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is to be billed, as of `day`, which is the invoice date.

    `run`: what is due by `day`, `since` (the contract's next run as it is known) on. `request`: also overdue entries
    with run dates from `overdue_from` on. `generate`: the entry that is `named` by its day, with every ready milestone
    and run up to its run date.
    """

    mode: Literal["run", "request", "generate"]
    day: date
    since: date | None = None
    overdue_from: date | None = None
    held_until: date | None = None
    """Of a run: earlier entries are held ones up to this day; those after it have their own day's run still to come."""
    named: date | None = None
    line: str | None = None
    """Whose own cycle is named; None: all that begin on the day."""
    forced: frozenset[UUID] = frozenset()
    """Entries that are billed in any case, as their invoices are replaced."""


def due_entries(known: Known, ask: Ask) -> Sequence[Due]:
    """The entries that a billing looks at, by run date; those of milestones that are not ready are left to wait."""
    contract = known.contract
    first = _first(contract, ask)
    found = []
    for entry in entries(schedules_of(contract), first, ask.day):
        state = known.state(entry)
        if state is not None and state.ref.entry in ask.forced:
            found.append(Due(entry, state, _only(state)))
            continue
        if state is not None and state.status != "active":
            continue
        if not _asked_for(contract, entry, state, ask) or not _ready(contract, entry):
            continue
        found.append(Due(entry, state, _only(state)))
    found += _owed(known, ask, {one.entry for one in found})
    last = last_of_all(known) if not found else None
    if last is not None and first <= last.run_date <= ask.day and _asked_for(contract, last, known.state(last), ask):
        found.append(Due(last, known.state(last), _only(known.state(last))))
    for closing in [one for one in found if one.entry.closing and not settles(one.entry)]:
        line = closing.entry.line
        found += _left(known, closing.entry, {one.entry.name for one in found if one.entry.line == line})
    return found


def _owed(known: Known, ask: Ask, there: set[Entry]) -> Sequence[Due]:
    """Entries that the contract as it is now does not come to any more, of which a customer's part is to be billed
    again, or whose invoices are replaced.
    """
    first, found = _first(known.contract, ask), []
    for state in known.entries.values():
        ref, forced = state.ref, state.ref.entry in ask.forced
        if not forced and (state.status != "active" or not state.owed or not first <= ref.run_date <= ask.day):
            continue
        before = date.fromordinal(ref.run_date.toordinal() - 1)
        cut_off = before if ref.kind == "run" and not ref.closing else None
        entry = Entry(ref.run_date, ref.kind, ref.line, ref.first, ref.last, ref.name, cut_off, ref.closing)
        same = any(entry_stream(known.contract.number, one).id == ref.entry for one in there)
        if not same and (forced or _asked_for(known.contract, entry, state, ask)):
            found.append(Due(entry, state, _only(state)))
    return found


def _left(known: Known, closing: Entry, named: set[str | None]) -> Sequence[Due]:
    """The ready milestones of a line that has ended, of whatever day: its one last run takes them."""
    line = known.contract.lines[closing.line or ""]
    found = []
    for one in line.milestones.values():
        entry = Entry(one.day, "milestone", line.code, one.day, one.day, one.name)
        state = known.state(entry)
        if one.ready and one.name not in named and (state is None or state.status == "active"):
            found.append(Due(entry, state, _only(state)))
    return found


def named_entry(known: Known, day: date | None, *, anew: bool = False, line: str | None = None) -> Entry:
    """The entry that a caller names by a day (a cycle's first, else the run date); None: the next cycle that is not
    billed, or where there are no cycles the next entry. Of cycles that begin on the same day it is the first one that
    is not billed, unless it is to be billed `anew`. `line`: of its own entries alone.

    Rejected `cycle-unknown`, `nothing-left`, `line-missing`.
    """
    schedules = schedules_of(known.contract)
    if line is not None:
        schedules = [one for one in schedules if one.line == known.contract.line(line).code]
    if day is None:
        with_cycles = any(isinstance(one, CycleSchedule) for one in schedules)
        first = None
        for entry in islice(following(schedules, date.min), _LOOKED_AT):
            state = known.state(entry)
            if state is not None and state.status != "active":
                continue
            if entry.kind == "cycle" or not with_cycles:
                return entry
            first = first or entry
        first = first or (last_of_all(known) if line is None else None)
        if first is None:
            raise Rejected("nothing-left", f"All entries of {known.contract.number} are billed: there is no next one.")
        return first
    found = named(schedules, day)
    if line is None and not any(_active(known, entry) for entry in found):  # else the calendar need not be walked
        last = last_of_all(known)
        found += [last] if last is not None and last.run_date == day else []
    if not found and (last := settled_on(known, day)) is not None:
        return last
    if not found:
        near = [entry.named_by for entry in within(schedules, day)]
        hint = f"; that day lies in the cycle of {near[0]}" if near else ""
        raise Rejected(
            "cycle-unknown",
            f"{known.contract.number} has no entry of {day}{hint}. Name a cycle by its first day, a run by its date.",
            kind="invalid",
        )
    some = [entry for entry in found if (entry.kind == "cycle" or settles(entry)) and not anew]
    return next((entry for entry in some if _active(known, entry)), found[0])


def _active(known: Known, entry: Entry) -> bool:
    state = known.state(entry)
    return state is None or state.status == "active"


def next_run(known: Known, since: date) -> date | None:
    """The first run date, from a day on, of an entry that the scheduled run must look at; None: nothing is left.

    A milestone that is not ready is not waited for: whoever marks it ready makes the contract due. Nor is a correction,
    unless it is all that is left: else it rides with another entry.
    """
    then = _next_but_last(known, since)
    if then is not None:
        return then
    last = settlement(known)
    return None if last is None or overdue(last.run_date, known.contract, known.state(last)) else last.run_date


def last_of_all(known: Known) -> Entry | None:
    """The contract's own last run, which bills corrections; None: there are none, or other entries are to come."""
    return settlement(known) if _next_but_last(known, date.min) is None else None


def run_dates(known: Known, first: date, last: date) -> Sequence[date]:
    """The days in a range on which a run on request may find something, in order."""
    found = {entry.run_date for entry in entries(schedules_of(known.contract), first, last)}
    found |= {one.ref.run_date for one in _to_bill_again(known)}
    ends = last_of_all(known)
    found |= {ends.run_date} if ends is not None else set()
    return sorted(day for day in found if first <= day <= last)


def _to_bill_again(known: Known) -> Sequence[EntryState]:
    return [one for one in known.entries.values() if one.status == "active" and one.owed]


def _next_but_last(known: Known, since: date) -> date | None:
    """Of all entries but the contract's own last run; those to be billed again may be in no schedule any more."""
    begin = max(since, known.contract.recorded_on)
    again = (one for one in _to_bill_again(known) if not overdue(one.ref.run_date, known.contract, one))
    days = [one.ref.run_date for one in again if one.ref.run_date >= begin]
    then = _next_of_schedules(known, begin)
    return min(days if then is None else [then, *days], default=None)


def _next_of_schedules(known: Known, begin: date) -> date | None:
    for entry in following(schedules_of(known.contract), begin):
        state = known.state(entry)
        if state is not None and state.status != "active":
            continue
        if not overdue(entry.run_date, known.contract, state) and _ready(known.contract, entry):
            return entry.run_date
    return None


def _first(contract: BillingContract, ask: Ask) -> date:
    match ask.mode:
        case "run":
            return contract.recorded_on if ask.since is None else ask.since
        case "request":
            return ask.overdue_from or ask.day
        case _:
            return date.min


def _asked_for(contract: BillingContract, entry: Entry, state: EntryState | None, ask: Ask) -> bool:
    match ask.mode:
        case "run":
            own_day = entry.run_date == ask.day or ask.held_until is None or entry.run_date <= ask.held_until
            return own_day and not overdue(entry.run_date, contract, state)
        case "request":
            return ask.overdue_from is None or entry.run_date >= ask.overdue_from
        case _:
            return entry.kind != "cycle" or (entry.named_by == ask.named and ask.line in (None, entry.line))


def _ready(contract: BillingContract, entry: Entry) -> bool:
    if entry.kind != "milestone" or entry.line is None or entry.name is None:
        return True
    return contract.lines[entry.line].milestones[entry.name].ready


def _only(state: EntryState | None) -> frozenset[str] | None:
    if state is None or not state.live:
        return None
    return frozenset(state.owed_customers)
