"""One schedule entry's present state, folded from its facts; one without facts is `active`."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from uuid import UUID

from domain.billing_contract import entry_events as x
from domain.billing_contract.schedule import Entry
from domain.billing_contract.state import BillingContract
from domain.fact import Fact
from domain.identity import Stream, billing_schedule_stream

InactiveReason = Literal["invoiced", "nothing_to_bill", "cancelled"]


@dataclass(frozen=True, slots=True)
class EntryState:
    """What happened to an entry. `invoices`: all that were made, newest first; `live`: those not deleted since.

    `reactivated`: the last day on which a deletion made it active again; None: it never was.
    """

    ref: x.EntryRef
    status: Literal["active", "inactive"] = "active"
    reason: InactiveReason | None = None
    invoices: tuple[x.InvoiceMade, ...] = ()
    live: frozenset[UUID] = frozenset()
    billed: tuple[x.BilledPart, ...] = ()
    """Of live invoices."""
    transactions: tuple[tuple[frozenset[UUID], x.TransactionsTaken], ...] = ()
    """Each with the live invoices that hold it; they are free again when none is left."""
    received: tuple[x.UsageReceived, ...] = ()
    """Usage that live invoices hold."""
    skipped: tuple[x.LineSkipped, ...] = ()
    owed: tuple[x.BilledPart, ...] = ()
    """What deleted invoices billed of it while others hold it still: theirs is billed again as it was."""
    reactivated: date | None = None
    superseded: frozenset[UUID] = frozenset()
    """Invoices that a newer one replaced."""

    @property
    def owed_customers(self) -> frozenset[str]:
        """Customers that it is to be billed for again, while invoices of others are live."""
        live = {one.customer for one in self.invoices if one.invoice in self.live}
        return frozenset(one.customer for one in self.invoices if one.customer not in live)


def entry_stream(contract: str, entry: Entry) -> Stream:
    """The stream of an entry of a contract, by the contract's number."""
    return billing_schedule_stream(contract, entry.kind, entry.line, entry.named_by, entry.name)


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
            state = _evolve(replace(state, ref=fact.ref) if state is not None else EntryState(fact.ref), fact)
    return state


def _evolve(state: EntryState, fact: x.ScheduleFact) -> EntryState:
    match fact:
        case x.EntryInvoiced():
            return _invoiced(state, fact)
        case x.EntryEmpty():
            return replace(state, status="inactive", reason="nothing_to_bill")
        case x.EntryCancelled():
            return replace(state, status="inactive", reason="cancelled")
        case x.EntryReactivated():
            return _reactivated(state, fact)
        case x.LineSkipped():
            return replace(state, skipped=(*state.skipped, fact))
        case x.UsageReceived():
            return replace(state, received=(*state.received, fact))
        case _:
            return state


def gone(state: EntryState, invoices: frozenset[UUID]) -> EntryState:
    """As it would be without these invoices: active again for their customers, if it was theirs."""
    lost = state.live & invoices
    if not lost:
        return state
    held = ((by - lost, taken) for by, taken in state.transactions)
    live = state.live - lost
    parts = tuple(part for part in state.billed if part.invoice in lost and part.cycle is None)
    return replace(
        state,
        status="active",
        reason=None,
        live=live,
        billed=tuple(part for part in state.billed if part.invoice not in lost),
        transactions=tuple((by, taken) for by, taken in held if by),
        received=tuple(one for one in state.received if one.invoice not in lost),
        owed=(*state.owed, *parts) if live else (),
    )


def _invoiced(state: EntryState, fact: x.EntryInvoiced) -> EntryState:
    state = gone(state, frozenset(fact.replaces))
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
        superseded=state.superseded | frozenset(fact.replaces),
    )


def _reactivated(state: EntryState, fact: x.EntryReactivated) -> EntryState:
    return replace(gone(state, frozenset({fact.invoice})), reactivated=fact.day)
