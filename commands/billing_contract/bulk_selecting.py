"""Which entry of each of many contracts is billed, as it was when somebody asked for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from commands.billing_contract.billing_desk import ContractBilling
from commands.billing_contract.bulk_request import Options
from commands.billing_contract.desk import local_day
from commands.billing_contract.preparing import Loaded, load_contracts
from commands.origin import Origin
from commands.ports.event_store import EventStore, History
from domain.billing_contract.billed_already import expect_active, invoiced_by
from domain.billing_contract.entry import fold_entry
from domain.billing_contract.entry_events import InvoiceMade
from domain.billing_contract.parts import UsageTerms
from domain.billing_contract.schedule import Entry
from domain.billing_contract.selection import Known, named_entry
from domain.billing_contract.state import fold
from domain.fact import Fact
from domain.rejected import Rejected


@dataclass(frozen=True, slots=True)
class Wanted:
    """A contract as it was named, with what is asked of it."""

    contract: UUID
    named: str
    options: Options


@dataclass(frozen=True, slots=True)
class Selected:
    """The entry that is billed, or `refused`: why none is. `today` is the contract's."""

    wanted: Wanted
    known: Known | None = None
    entry: Entry | None = None
    today: date = date.min
    refused: Rejected | None = None

    @property
    def invoiced(self) -> Sequence[InvoiceMade]:
        """The invoices that bill it already."""
        return invoiced_by(self.known, self.entry) if self.known is not None and self.entry is not None else ()

    @property
    def future(self) -> bool:
        """Whether its days, or the day on which it is to be billed, are still to come."""
        return self.entry is not None and max(self.entry.run_date, self.entry.last) > self.today

    @property
    def with_usage(self) -> bool:
        """Whether it may take usage, of which there may be very much."""
        lines = self.known.contract.lines.values() if self.known is not None else ()
        return any(isinstance(line.terms, UsageTerms) for line in lines)


async def select(desk: ContractBilling, origin: Origin, wanted: Sequence[Wanted], position: int) -> Sequence[Selected]:
    """In the order given. The next entry is the one that was next when the record had reached the position, so that
    whoever is asked again, or late, does not go on to the one after it.
    """
    loaded = await load_contracts(desk, [one.contract for one in wanted])
    found = []
    for one in wanted:
        there = loaded.get(one.contract)
        if there is None:
            missing = f"There is no billing contract {one.named}."
            found.append(Selected(one, refused=Rejected("billing-contract-missing", missing, kind="missing")))
            continue
        found.append(await _selected(desk.store, origin, one, there, position))
    return found


async def _selected(store: EventStore, origin: Origin, one: Wanted, there: Loaded, position: int) -> Selected:
    known = there.known
    today = local_day(origin, known.contract.terms.time_zone)
    try:
        as_it_was = known if one.options.cycle is not None else await _known_at(store, there, position)
        entry = named_entry(as_it_was, one.options.cycle, anew=one.options.replace)
    except Rejected as no:
        return Selected(one, known, today=today, refused=no)
    found = Selected(one, known, entry, today)
    if not one.options.replace and found.invoiced:
        try:
            expect_active(known, entry)
        except Rejected as no:
            return replace(found, refused=no)
    return found


async def _known_at(store: EventStore, there: Loaded, position: int) -> Known:
    """The contract as of a position; one that was signed later is as it is."""
    contract = fold(await _facts_at(store, there.history, position))
    if contract is None:
        return there.known
    entries = {}
    for id_, history in there.entries.items():
        moved = history.position > position
        state = fold_entry(await _facts_at(store, history, position)) if moved else there.known.entries.get(id_)
        if state is not None:
            entries[id_] = state
    return replace(there.known, contract=contract, entries=entries)


async def _facts_at(store: EventStore, history: History, position: int) -> Sequence[Fact]:
    if history.position <= position:
        return history.facts
    found: list[Fact] = []
    while page := await store.history(history.stream, after=len(found)):
        found += [one.fact for one in page if one.position <= position]
        if page[-1].position > position:
            break
    return found


def selection_view(one: Selected) -> Mapping[str, Any]:
    """What a dry run tells of a contract, as plain JSON."""
    known, entry, no = one.known, one.entry, one.refused
    following = no.facts.get("next") if no is not None else None
    return {
        "contract": str(one.wanted.contract),
        "number": known.contract.number if known is not None else None,
        "name": known.contract.terms.name if known is not None else None,
        "outcome": "selected" if no is None else outcome_of(no.code),
        "code": no.code if no is not None else None,
        "reason": no.detail if no is not None else None,
        "kind": entry and entry.kind,
        "cycle": entry and entry.named_by.isoformat(),
        "to": entry and entry.last.isoformat(),
        "run_date": entry and entry.run_date.isoformat(),
        "invoiced": bool(one.invoiced),
        "invoices": [{"id": str(made.invoice), "reference": made.reference} for made in one.invoiced],
        "next": following and following.isoformat(),
        "future": one.future,
        "tasks": list(known.contract.terms.tasks) if known is not None else [],
        "trigger_post_invoicing_tasks": one.wanted.options.arm_tasks,
        "replace_existing": one.wanted.options.replace,
        "href": f"/v1/billing-contracts/{one.wanted.contract}",
    }


def outcome_of(code: str) -> str:
    """Skipped is what is billed as it should be; anything else failed, and is for somebody to look at."""
    return "skipped" if code in {"cycle-invoiced", "nothing-left", "no-difference"} else "failed"
