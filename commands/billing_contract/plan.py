"""A contract's schedule as it is now: entries computed from the contract, with what happened to each."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from commands.ports.event_store import EventStore
from domain.billing_contract.entry import EntryState, entry_stream, fold_entry
from domain.billing_contract.known import Known
from domain.billing_contract.planning import schedules_of
from domain.billing_contract.schedule import Entry, entries, upcoming
from domain.billing_contract.selection import last_of_all
from domain.billing_contract.state import BillingContract

MAX_PAST: Final = 1000
"""Past entries in one answer: the latest ones."""
KIND: Final = "billing-schedule"


@dataclass(frozen=True, slots=True)
class PlannedEntry:
    """An entry with what happened to it; `state` None: nothing did. `computed` False: the contract as it is now does
    not come to it any more, but something happened to it.
    """

    id: UUID
    entry: Entry
    state: EntryState | None
    computed: bool = True


async def entry_states(store: EventStore, contract: UUID) -> Mapping[UUID, EntryState]:
    """All entries of a contract that something happened to."""
    found = {one.stream.id: fold_entry(one.facts) for one in await store.load_by_key(contract, KIND)}
    return {id_: state for id_, state in found.items() if state is not None}


async def planned(
    store: EventStore, contract: UUID, state: BillingContract, first: date, today: date
) -> Sequence[PlannedEntry]:
    """Entries with run dates from `first` to the day before `today`, and the next 12, by run date."""
    states = dict(await entry_states(store, contract))
    schedules = schedules_of(state)
    past = deque(entries(schedules, first, today - timedelta(days=1)), maxlen=MAX_PAST)
    computed = [*past, *upcoming(schedules, today)]
    ends = last_of_all(Known(contract, state, states))
    if ends is not None and ends.run_date >= first:
        computed.append(ends)
    found = []
    for entry in computed:
        id_ = entry_stream(state.number, entry).id
        found.append(PlannedEntry(id_, entry, states.pop(id_, None)))
    last = max((entry.run_date for entry in computed), default=today)
    for id_, known in states.items():
        if first <= known.ref.run_date <= last:
            found.append(PlannedEntry(id_, _entry(known), known, computed=False))
    return sorted(found, key=lambda one: (one.entry.run_date, one.entry.kind, one.entry.line or "", str(one.id)))


def _entry(known: EntryState) -> Entry:
    ref = known.ref
    return Entry(ref.run_date, ref.kind, ref.line, ref.first, ref.last, ref.name, closing=ref.closing)
