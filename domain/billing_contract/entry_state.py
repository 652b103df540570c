"""What happened to one schedule entry: which invoices bill it, what they hold of it, what newer ones replaced."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from uuid import UUID

from domain.billing_contract import entry_events as x

InactiveReason = Literal["invoiced", "nothing_to_bill", "cancelled"]


@dataclass(frozen=True, slots=True)
class Aside:
    """What an invoice billed of the entry, and held for it, when a newer one replaced it: back if that is deleted."""

    invoice: UUID
    customer: str
    by: UUID
    takes_over: bool
    billed: tuple[x.BilledPart, ...] = ()
    transactions: tuple[x.TransactionsTaken, ...] = ()
    received: tuple[x.UsageReceived, ...] = ()


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
    aside: tuple[Aside, ...] = ()
    """Of invoices that newer ones replaced, in order."""
    replacing: tuple[frozenset[UUID], ...] = ()
    """Invoices that were made together, some of them in the place of older ones."""

    @property
    def owed_customers(self) -> frozenset[str]:
        """Customers that it is to be billed for again, while invoices of others are live."""
        live = self.live_customers
        undone = {invoice for group in self.replacing if not group & self.live for invoice in group}
        gone = {one.customer for one in self.invoices if one.customer not in live and one.invoice not in undone}
        return frozenset(gone | {part.customer for part in self.owed})

    @property
    def live_customers(self) -> frozenset[str]:
        """Customers that it is billed for."""
        return frozenset(one.customer for one in self.invoices if one.invoice in self.live)

    @property
    def superseded(self) -> frozenset[UUID]:
        """Invoices whose place a newer one took, with all that they held."""
        return frozenset(one.invoice for one in self.aside if one.takes_over)

    def of(self, invoice: UUID) -> x.InvoiceMade | None:
        """An invoice that was made for it."""
        return next((one for one in self.invoices if one.invoice == invoice), None)


def gone(state: EntryState, invoices: frozenset[UUID]) -> EntryState:
    """As it would be without these invoices: active again for their customers, if no other one bills it for them."""
    lost = state.live & invoices
    if not lost:
        return state
    held = ((by - lost, taken) for by, taken in state.transactions)
    left = replace(
        state,
        live=state.live - lost,
        billed=tuple(part for part in state.billed if part.invoice not in lost),
        transactions=tuple((by, taken) for by, taken in held if by),
        received=tuple(one for one in state.received if one.invoice not in lost),
    )
    parts = (part for part in state.billed if part.invoice in lost and part.cycle is None)
    owed = tuple(part for part in parts if part.customer not in left.live_customers)
    return of_status(replace(left, owed=(*state.owed, *owed) if left.live else ()))


def billed_anew(state: EntryState, invoice: UUID) -> EntryState:
    """As it would be if a closed invoice had not billed its cycles: what it had taken stays with it."""
    if invoice not in state.live:
        return state
    left = replace(
        state,
        live=state.live - {invoice},
        billed=tuple(part for part in state.billed if part.invoice != invoice or part.cycle is None),
    )
    return of_status(left)


def of_status(state: EntryState) -> EntryState:
    """Active while a customer is to be billed, else as it was."""
    if state.live and not state.owed_customers:
        return replace(state, status="inactive", reason="invoiced")
    return replace(state, status="active", reason=None)
