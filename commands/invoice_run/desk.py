"""What invoice runs are given, and how they name themselves."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from uuid import UUID

from commands.billing_contract.billing_desk import BillMany
from commands.jobs.bodies import job_bodies
from commands.ports.bulk_targets import BulkTargets
from commands.ports.event_store import EventStore
from commands.ports.invoice_runs import InvoiceRuns
from commands.ports.operations import Operations
from domain.identity import id_for
from domain.jobs.zones import newest_day

INVOICE_RUN: Final = "invoice-run"
"""A kind of operation, and the job. Input of a day's run: date, by_hand; of one on request: from, to, contracts (how
many), trigger_post_invoicing_tasks.
"""


@dataclass(frozen=True, slots=True)
class RunDesk:
    """The ports. `zone` is the deployment's."""

    store: EventStore
    runs: InvoiceRuns
    operations: Operations
    targets: BulkTargets
    bill: BillMany
    zone: str


def day_report(day: date) -> UUID:
    """The id of a day's report: `invoice-run:DATE`. A run on request has the id of its operation."""
    return id_for("invoice-run", day.isoformat())


async def hour(store: EventStore) -> time:
    """The time of day from which the job runs a zone's day."""
    return (await job_bodies(store))[INVOICE_RUN][0].time


def next_try(day: date, now: datetime, at: time, zone: str) -> date:
    """The day of the next scheduled run in a zone, for what a run as of `day` could not bill."""
    return date.fromordinal(max(day, newest_day(now, at, zone)).toordinal() + 1)
