"""What a job shows: what it is set to, its last run, when it starts next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from commands.jobs.bodies import default_body, job_bodies
from commands.jobs.plan import begun_at
from commands.ports.event_store import EventStore
from commands.ports.jobs import JobRun, Jobs
from domain.jobs.schedule import BY_ZONE, JOBS, next_start
from domain.jobs.zones import next_in_zones
from domain.reference.bodies import JobBody


@dataclass(frozen=True, slots=True)
class JobStatus:
    """`next_start` None: it is switched off. `last` has last start, end and result, and whether it runs now."""

    job: str
    version: int
    body: JobBody
    last: JobRun | None
    next_start: datetime | None


async def all_statuses(store: EventStore, jobs: Jobs, now: datetime, zone: str) -> Sequence[JobStatus]:
    """All jobs, in the order in which a day runs them."""
    bodies = await job_bodies(store)
    days = await jobs.last_days()
    since = await begun_at(store)
    return [
        JobStatus(
            job=job,
            version=bodies[job][1],
            body=bodies[job][0],
            last=await jobs.last_run(job),
            next_start=next_in_zones(
                bodies[job][0], now=now, zones=await jobs.zones(zone), last=await jobs.last_asked(job), since=since
            )
            if job in BY_ZONE
            else next_start(
                bodies[job][0],
                now=now,
                zone=zone,
                last=days.get(job, (None, None))[0],
                since=since,
                asked=await jobs.last_asked(job),
            ),
        )
        for job in JOBS
    ]


async def status(store: EventStore, jobs: Jobs, job: str, now: datetime, zone: str) -> JobStatus:
    """One job; Rejected `not-found`."""
    default_body(job)
    return next(s for s in await all_statuses(store, jobs, now, zone) if s.job == job)
