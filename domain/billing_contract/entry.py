"""One schedule entry's present state, folded from its facts; one without facts is `active`."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from domain.billing_contract import entry_events as x
from domain.billing_contract.entry_replacing import reactivated, replaced
from domain.billing_contract.entry_state import EntryState, InactiveReason, billed_anew, gone
from domain.billing_contract.schedule import Entry
from domain.billing_contract.state import BillingContract
from domain.fact import Fact
from domain.identity import Stream, billing_schedule_stream

__all__ = [
    "EntryState",
    "InactiveReason",
    "billed_anew",
    "entry_stream",
    "evolve_entry",
    "fold_entry",
    "gone",
    "overdue",
    "ref_of",
]


def entry_stream(contract: str, entry: Entry) -> Stream:
    """The stream of an entry of a contract, by the contract's number. The last run of a line is another one than a run
    of its recurrence on that day, which may be billed already when the end is told.
    """
    kind = "closing" if entry.closing else entry.kind
    return billing_schedule_stream(contract, kind, entry.line, entry.named_by, entry.name)


def ref_of(contract: str, entry: Entry) -> x.EntryRef:
    """The entry as facts name it."""
    return x.EntryRef(
        entry=entry_stream(contract, entry).id,
        kind=entry.kind,
        line=entry.line,
        first=entry.first,
        last=entry.last,
        run_date=entry.run_date,
        name=entry.name,
        closing=entry.closing,
    )


def overdue(run_date: date, contract: BillingContract, entry: EntryState | None) -> bool:
    """Whether an active entry is billed by hand or on request only: due before the contract was recorded, or before the
    day on which a deletion made it active again.
    """
    again = entry.reactivated if entry is not None else None
    return run_date < contract.recorded_on or (again is not None and run_date < again)


def fold_entry(facts: Iterable[Fact]) -> EntryState | None:
    """The state after these facts; None: nothing ever happened to it."""
    state: EntryState | None = None
    for fact in facts:
        if isinstance(fact, x.ScheduleFact):
            state = evolve_entry(replace(state, ref=fact.ref) if state is not None else EntryState(fact.ref), fact)
    return state


def evolve_entry(state: EntryState, fact: x.ScheduleFact) -> EntryState:
    """The state after one more fact."""
    match fact:
        case x.EntryInvoiced():
            return _invoiced(state, fact)
        case x.EntryEmpty() | x.EntryCancelled():
            reason: InactiveReason = "nothing_to_bill" if isinstance(fact, x.EntryEmpty) else "cancelled"
            return replace(state, status="inactive", reason=reason)
        case x.EntryRebilled():
            others = (part for part in state.billed if part.invoice != fact.invoice)
            return replace(state, billed=(*others, *fact.billed))
        case x.EntryReplaced():
            return replaced(state, fact)
        case x.EntryReactivated():
            return reactivated(state, fact)
        case x.LineSkipped():
            return replace(state, skipped=(*state.skipped, fact))
        case x.UsageReceived():
            return replace(state, received=(*state.received, fact))
        case _:
            return state


def _invoiced(state: EntryState, fact: x.EntryInvoiced) -> EntryState:
    made = frozenset(one.invoice for one in fact.invoices)
    customers = {one.customer for one in fact.invoices}
    held = ((by | made, taken) for by, taken in state.transactions)  # billed again for one: its invoice holds them too
    return replace(
        state,
        status="inactive",
        reason="invoiced",
        invoices=(*fact.invoices, *state.invoices),
        live=state.live | made,
        billed=(*(part for part in state.billed if part.invoice not in made), *fact.billed),
        transactions=(*held, *((made, taken) for taken in fact.transactions)),
        owed=tuple(part for part in state.owed if part.customer not in customers),
        replacing=(*state.replacing, made) if any(one.by in made for one in state.aside) else state.replacing,
        skipped=(),  # what is skipped this time is said after this
    )
