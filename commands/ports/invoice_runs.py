"""The port to invoice runs: which contracts are due, how far each zone is, and the reports that are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol
from uuid import UUID

from commands.ports.event_store import Rows
from commands.ports.operations import PutItem
from domain.jobs.zones import ZoneDays
from domain.operations.run_events import RunCause

RunOutcome = Literal["invoiced", "nothing_to_bill", "skipped", "failed"]
OUTCOMES: tuple[RunOutcome, ...] = ("invoiced", "nothing_to_bill", "skipped", "failed")


@dataclass(frozen=True, slots=True)
class DueContract:
    """A contract with an entry that a run must look at: `next_run` is the first run date of those."""

    contract: UUID
    number: str
    zone: str
    next_run: date


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of due contracts ended: in order of next run, then of ids."""

    next_run: date
    contract: UUID


@dataclass(frozen=True, slots=True)
class MadeInvoice:
    """An invoice that a run made; `total` is a decimal string with the currency's digits."""

    id: UUID
    customer: str
    reference: str
    total: str
    currency: str


@dataclass(frozen=True, slots=True)
class ContractOutcome:
    """What a run came to for one contract, as of `day`. `next_try`: the day of the run that looks at it again."""

    contract: UUID
    number: str
    day: date
    outcome: RunOutcome
    code: str | None = None
    reason: str | None = None
    next_try: date | None = None
    invoices: tuple[MadeInvoice, ...] = ()
    warnings: tuple[str, ...] = ()
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PutOutcome(Rows):
    """Rows of a save: a contract's outcome in a report. What was invoiced stays so, whatever a later try finds;
    invoices of all tries are kept, each once.
    """

    report: UUID
    operation: UUID
    outcome: ContractOutcome
    at: datetime


@dataclass(frozen=True, slots=True)
class RunReport:
    """The kept report of a day's run, or of one on request (`day_from` is there, `asked` contracts were named).

    `counts` have every outcome; `invoices` is how many were made. `operation` is the run's last one.
    """

    id: UUID
    day: date
    cause: RunCause
    operation: UUID
    status: Literal["running", "done", "cancelled"]
    started_at: datetime
    ended_at: datetime | None = None
    day_from: date | None = None
    asked: int | None = None
    waiting: int = 0
    invoices: int = 0
    counts: Mapping[RunOutcome, int] = field(default_factory=dict)


class InvoiceRuns(Protocol):
    """One place for all processes."""

    async def zones(self, own: str) -> Sequence[ZoneDays]:
        """How far each zone of a contract is, and the deployment's `own`."""
        ...

    async def zone_done(self, zones: Sequence[str], day: date) -> None:
        """These zones are done with the day, those of them whose next one it was."""
        ...

    async def due(
        self, day: date, zones: Sequence[str], operation: UUID, *, after: Place | None, limit: int
    ) -> Sequence[DueContract]:
        """Contracts of these zones that are due by the day and have no result in the operation, in order of place."""
        ...

    async def count_due(
        self, day: date, zones: Sequence[str], later: Sequence[str], operation: UUID
    ) -> tuple[int, int]:
        """How many these are, and how many are due by the day in zones whose turn comes `later`."""
        ...

    async def begin(self, report: RunReport) -> None:
        """A run begins (again); the report of its id goes on."""
        ...

    async def put(self, rows: Sequence[PutOutcome | PutItem]) -> None:
        """Outcomes and results for which no events were made, in one transaction. OperationLost."""
        ...

    async def kept(self, report: UUID, contracts: Sequence[UUID]) -> Mapping[UUID, RunOutcome]:
        """The outcomes of some contracts in a report."""
        ...

    async def end(self, report: UUID, operation: UUID, *, cancelled: bool, waiting: int, now: datetime) -> None:
        """A run ended: its counts are final until another one of the same report begins."""
        ...

    async def report(self, report: UUID) -> RunReport | None:
        """One report, counted as it stands."""
        ...

    async def reports(self, *, before: tuple[date, datetime, UUID] | None, limit: int) -> Sequence[RunReport]:
        """Reports by day, the newest first, after a place in that order."""
        ...

    async def count_reports(self) -> int:
        """How many there are."""
        ...

    async def outcomes(
        self, report: UUID, outcome: RunOutcome | None, *, after: tuple[str, UUID] | None, limit: int
    ) -> Sequence[ContractOutcome]:
        """Contracts of a report in order of their numbers, after a place in that order."""
        ...
