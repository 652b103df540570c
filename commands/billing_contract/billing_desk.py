"""What billing contracts is given, and what it is asked and answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol
from uuid import UUID

from commands.customer_invoice.pricing import CalculationDesk
from commands.customer_invoice.route_usage import Router
from commands.origin import Origin
from commands.ports.contract_ledger import ContractLedger
from commands.ports.event_store import EventStore, Rows
from commands.ports.invoice_runs import MadeInvoice, RunOutcome
from commands.ports.licences import Licences
from commands.ports.previews import Previews
from domain.billing_contract.entry_events import Cause
from domain.billing_contract.schedule import Entry


@dataclass(frozen=True, slots=True)
class ContractBilling:
    """The record, the ledger of contracts, what prices usage, what finds the usage that waits, and licences (None: for
    who only gives back); `previews` that were shown (None: for who shows none).
    """

    calculation: CalculationDesk
    ledger: ContractLedger
    router: Router | None = None
    licences: Licences | None = None
    previews: Previews | None = None

    @property
    def store(self) -> EventStore:
        """The record."""
        return self.calculation.store


@dataclass(frozen=True, slots=True)
class Asked:
    """A contract to bill as of a day, which is the invoice date.

    `overdue_from`: as on request, with overdue entries whose run dates are on that day or later. `by_hand`: the entry
    named by `cycle` (None: the next one), with every ready milestone and run up to its run date; `day` is then that of
    the entry. `line`: of a line's own entries alone. `settled`: that very entry, whatever the day names by now.
    `held_until`: of a run, the last day that was run before: what is dated after it and before `day` is left to the
    runs of its own days. `arm_tasks`: the contract's post-invoicing tasks are armed. `replace`: of an entry that is
    billed already the invoices are replaced, as their statuses say. `as_if_free`: it is billed as if it were not, which
    is for looking at only.
    """

    contract: UUID
    day: date
    overdue_from: date | None = None
    by_hand: bool = False
    cycle: date | None = None
    line: str | None = None
    settled: Entry | None = None
    arm_tasks: Literal["run", "bulk"] | None = None
    replace: bool = False
    as_if_free: bool = False
    held_until: date | None = None


@dataclass(frozen=True, slots=True)
class ReplacedInvoice:
    """An invoice that a newer one of the same customer replaces, corrects or follows; `advice`: what to do with it."""

    id: UUID
    reference: str
    customer: str
    by: UUID
    how: Literal["superseded", "corrected", "billed_anew"]
    advice: str


@dataclass(frozen=True, slots=True)
class Billed:
    """What became of a contract: one outcome. `code` and `reason` say why it was skipped or failed, `facts` what of it.

    `replaced`: invoices whose place the new ones take.
    """

    contract: UUID
    number: str
    outcome: RunOutcome
    invoices: Sequence[MadeInvoice] = ()
    reason: str | None = None
    code: str | None = None
    warnings: Sequence[str] = ()
    replaced: Sequence[ReplacedInvoice] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


RowsOf = Callable[[Billed], Sequence[Rows]]
"""Rows that are stored with what was billed, such as its line in a report."""


class BillMany(Protocol):
    """How runs and bulk generations bill."""

    async def __call__(
        self, origin: Origin, asked: Sequence[Asked], *, cause: Cause, rows_of: RowsOf | None = None
    ) -> Sequence[Billed]:
        """Bill them, each by itself; outcomes in the order asked. Rows ride with what was stored: outcomes that store
        nothing have none.
        """
        ...
