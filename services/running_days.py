"""What `ledgerline invoice-run` does: the run of a day in this process, as an operation that any worker may take."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from commands.invoice_run.desk import INVOICE_RUN, day_report
from commands.invoice_run.request import request_day
from commands.ports.invoice_runs import ContractOutcome
from services.invoice_runs import run_ended
from services.operator_origin import operator_origin
from services.settings import Settings
from services.wiring import open_parts
from services.worker import handlers_of, make_runner

_SHOWN: Final = 1_000


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run from the terminal ended: its counts, and the contracts that need somebody (at most 1,000)."""

    day: date
    status: str
    message: str
    counts: dict[str, int]
    invoices: int
    left: tuple[ContractOutcome, ...]

    @property
    def fine(self) -> bool:
        """Whether every contract is billed or had nothing to bill."""
        return self.status == "done" and not (self.counts["failed"] or self.counts["skipped"])

    def document(self) -> dict[str, Any]:
        """For machines."""
        left = [
            {"contract": one.number, "outcome": one.outcome, "code": one.code, "reason": one.reason,
             "next_try": one.next_try} for one in self.left
        ]  # fmt: skip
        return {
            "date": self.day,
            "status": self.status,
            "message": self.message,
            "counts": self.counts,
            "invoices": self.invoices,
            "left": left,
        }


def run_day(settings: Settings, day: date, progress: Callable[[int, int | None], None]) -> Ran:
    """Run a day's invoices in this process, or join the run of it that is under way. Rejected `date-in-future`."""
    return asyncio.run(_run_day(settings, day, progress))


async def _run_day(settings: Settings, day: date, progress: Callable[[int, int | None], None]) -> Ran:
    async with open_parts(settings) as parts:
        origin = operator_origin(parts, "invoice-run")
        asked = (await request_day(parts.runs, origin, day)).outcome
        runner = replace(make_runner(parts, at_once=1), handlers={INVOICE_RUN: handlers_of(parts)[INVOICE_RUN]})
        stop = asyncio.Event()
        working = asyncio.create_task(runner.run(stop))
        try:
            ended = await run_ended(parts, asked, lambda one: progress(one.done, one.total))
        finally:
            stop.set()
            await working
        report = await parts.runs.runs.report(day_report(day))
        left = [
            one
            for outcome in ("failed", "skipped")
            for one in await parts.runs.runs.outcomes(day_report(day), outcome, after=None, limit=_SHOWN)
        ]
    counts = {str(outcome): count for outcome, count in report.counts.items()} if report else {}
    return Ran(day, ended.status, ended.message or "", counts, report.invoices if report else 0, tuple(left))
