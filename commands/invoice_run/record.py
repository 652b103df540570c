"""What a run leaves behind: its facts, each once, and its report."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from commands.invoice_run.desk import RunDesk, day_report
from commands.operations.once import write_once
from commands.operations.work import Work
from commands.ports.invoice_runs import OUTCOMES, RunOutcome, RunReport
from domain.identity import Stream
from domain.operations import run_events as r


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Of one operation; `about` is its report as it begins."""

    desk: RunDesk
    work: Work
    about: RunReport

    async def started(self) -> None:
        """It began, or goes on with another worker."""
        await self.desk.runs.begin(self.about)
        await self._once(r.InvoiceRunStarted(**self._names()))

    async def ended(self, waiting: int) -> Mapping[RunOutcome, int]:
        """It ended; its counts by outcome, of this operation alone."""
        cancelled = self.work.signals.cancelled
        now = self.work.now()
        await self.desk.runs.end(self.about.id, self.work.operation.id, cancelled=cancelled, waiting=waiting, now=now)
        found = await self.work.operations.item_counts(self.work.operation.id)
        counts = {outcome: found.get(outcome, 0) for outcome in OUTCOMES}
        await self._once(r.InvoiceRunEnded(**self._names(), **counts, waiting=waiting, cancelled=cancelled))
        return counts

    def _names(self) -> dict[str, Any]:
        about = self.about
        return {
            "run": self.work.operation.id,
            "report": about.id,
            "day": about.day,
            "cause": about.cause,
            "day_from": about.day_from,
            "contracts": about.asked,
        }

    async def _once(self, fact: r.InvoiceRunFact) -> None:
        stream = Stream("invoice-run", self.work.operation.id)
        origin = self.work.origin("run", fact.type)
        await write_once(self.desk.store, origin, stream, fact, lambda other: isinstance(other, type(fact)))


def report_of(work: Work) -> RunReport:
    """The report of an operation as it begins."""
    given, operation = work.input, work.operation.id
    if "date" in given:
        day = date.fromisoformat(given["date"])
        return RunReport(day_report(day), day, "run", operation, "running", work.now())
    return RunReport(
        operation,
        date.fromisoformat(given["to"]),
        "request",
        operation,
        "running",
        work.now(),
        day_from=date.fromisoformat(given["from"]),
        asked=given["contracts"],
    )
