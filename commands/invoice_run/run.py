"""Run a day's invoices, or those of named contracts: page by page, each contract with one outcome."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from commands.billing_contract.billing_desk import Asked
from commands.invoice_run.billing import Biller
from commands.invoice_run.desk import RunDesk, hour
from commands.invoice_run.on_request import bill_on_request
from commands.invoice_run.record import RunRecord, report_of
from commands.operations.work import Ended, GiveBack, Work
from commands.ports.invoice_runs import Place
from domain.jobs.zones import begun, doing, newest_day

AT_ONCE: Final = 1024
"""Contracts a page: memory is that of a page, however many are due."""


@dataclass(frozen=True, slots=True)
class InvoiceRunHandler:
    """The handler of operations of kind `invoice-run`. See `Biller` for `passes` and `report`.

    A contract's result rides in the transaction of what was done to it: who takes the operation up again, and whoever
    runs the same contracts at the same time, does nothing twice.
    """

    desk: RunDesk
    passes: Callable[[Exception], bool]
    report: Callable[[Exception], None]

    async def __call__(self, work: Work) -> Ended:
        """Do all that is not done yet."""
        about = report_of(work)
        record = RunRecord(self.desk, work, about)
        await record.started()
        at = await hour(self.desk.store)
        biller = Biller(self.desk, work, about.id, about.cause, at, self.passes, self.report)
        zones: list[str] = []
        waiting = 0
        if about.cause == "request":
            await bill_on_request(biller)
        else:
            zones, waiting = await self._day(biller, about.day)
        counts = await record.ended(waiting)
        said = ", ".join(f"{count:,} {outcome.replace('_', ' ')}" for outcome, count in counts.items())
        if work.signals.cancelled:
            return Ended("cancelled", f"It was cancelled; what was done stays done: {said}.")
        if zones:
            await self.desk.runs.zone_done(zones, about.day)
        later = f" {waiting:,} wait for the day in their zone." if waiting else ""
        return Ended("done", f"{said}.{later}")

    async def _day(self, biller: Biller, day: date) -> tuple[list[str], int]:
        """Bill what is due by the day in zones where it has come. The zones whose next day is done with it, and how
        many contracts wait for theirs.
        """
        work, runs = biller.work, self.desk.runs
        known, now = await runs.zones(self.desk.zone), work.now()
        next_here = doing(known, day, now, biller.at)
        zones = begun(known, day, now) if work.input["by_hand"] else next_here
        later = [one.zone for one in known if one.zone not in zones and newest_day(now, biller.at, one.zone) < day]
        left, waiting = await runs.count_due(day, zones, later, work.operation.id)
        await work.operations.expect(work.hold, work.operation.done + left)
        done = {one.zone: one.done or date.min for one in known}
        place: Place | None = None
        while not work.signals.cancelled:
            page = await runs.due(day, zones, work.operation.id, after=place, limit=AT_ONCE)
            if page:
                asked = [Asked(one.contract, day, arm_tasks="run", held_until=done.get(one.zone)) for one in page]
                await biller.bill(asked, {one.contract: one for one in page})
                place = Place(page[-1].next_run, page[-1].contract)
            elif place is None:
                break
            else:  # once more from the top: what became due meanwhile
                place = None
            if work.signals.draining:
                raise GiveBack("The worker stopped; another one goes on.")
        return next_here, waiting
