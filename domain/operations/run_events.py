"""Facts of invoice runs: a storage format, frozen once published."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from domain.fact import Fact

RunCause = Literal["run", "request"]
"""The run of a day, by the scheduler or by hand; or one of named contracts that was asked for."""


class InvoiceRunFact(Fact):
    """One invoice run: stream `invoice-run/ID`, of the same id as its operation.

    `day` is its date; of a run on request its last one, and `day_from` the first, with as many named `contracts`.
    `report` is the run's id among the kept reports: all runs of a day share one.
    """

    run: UUID
    report: UUID
    day: date
    cause: RunCause
    day_from: date | None = None
    contracts: int | None = None


class InvoiceRunStarted(InvoiceRunFact):
    """A run began."""

    type: ClassVar[str] = "invoice-run.started"


class InvoiceRunEnded(InvoiceRunFact):
    """A run ended: every contract that it looked at is in one of the four counts.

    `waiting` contracts are due, but their zone's day has not come. `cancelled`: somebody ended it before it was done.
    """

    type: ClassVar[str] = "invoice-run.ended"
    invoiced: int
    nothing_to_bill: int
    skipped: int
    failed: int
    waiting: int = 0
    cancelled: bool = False
