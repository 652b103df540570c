"""Mail as processes run it: the post office out of the wiring, the loop that delivers, the summary as a job."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from uuid import uuid4

import structlog

from adapters.mail import NoMailServer, SmtpMailer, StoredOutbox
from commands.mail.deliver import PostOffice, deliver_due
from commands.origin import Origin
from commands.ports.jobs import JobRun, JobRunner
from commands.summary.build import run_summary
from services.wiring import Parts

LOOK_SECONDS: Final = 2.0
"""How often the outbox is looked at: an index of letters that are due, empty most of the time."""

_log = structlog.get_logger(__name__)


def open_post_office(parts: Parts) -> PostOffice:
    """What letters are delivered with; without an SMTP server they wait, and are a problem."""
    url = parts.settings.smtp_url
    mailer = NoMailServer() if url is None else SmtpMailer(url.get_secret_value())
    return PostOffice(parts.store, parts.desk.templates, mailer, StoredOutbox(parts.pool), parts.settings.mail_from)


def service_origin(parts: Parts, service: str) -> Origin:
    """The origin of what a process does of itself: actor `service:NAME`, the deployment's day and zone."""
    now = parts.clock.now()
    command_id = uuid4()
    return Origin(
        command_id=command_id,
        actor=f"service:{service}",
        now=now,
        business_date=parts.business_date(now),
        zone=parts.zone_name,
        correlation_id=f"{service}:{command_id}",
    )


def mail_domain(parts: Parts) -> str:
    """What Message-IDs end with: the domain that mails come from."""
    return parts.settings.mail_from.rpartition("@")[2]


async def deliver_letters(
    office: PostOffice, origin: Callable[[], Origin], stop: asyncio.Event, every: float = LOOK_SECONDS
) -> None:
    """Deliver what is due until `stop` is set. Faults are logged and ridden out; a letter is never lost to one.

    Any number of processes may do so: a letter is sent by the one that records its intent first.
    """
    while not stop.is_set():
        try:
            sent = await deliver_due(office, origin)
            if sent:
                _log.info("letters delivered", sent=sent)
        except Exception:  # noqa: BLE001 - whatever it is, the next look tries again
            _log.exception("letters not delivered")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every)


def import_summary_job(parts: Parts, office: PostOffice) -> JobRunner:
    """The job `import-summary` for `services.scheduler.Scheduler.runners`."""

    async def run(asked: JobRun) -> str:
        origin = service_origin(parts, "scheduler")
        return await run_summary(office, parts.reference, origin, asked.day, by_hand=asked.manual)

    return run
