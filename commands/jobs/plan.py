"""Plan the days: which scheduled runs are asked for now."""

from datetime import datetime

from commands.jobs.bodies import job_bodies
from commands.ports.event_store import EventStore
from commands.ports.jobs import JobRun, Jobs
from domain.jobs.schedule import JOBS, due_days, may_start


async def plan_due(store: EventStore, jobs: Jobs, now: datetime, zone: str) -> list[JobRun]:
    """Ask for the oldest day that is due, of each job: missed days are caught up one after the other.

    Any number of processes may plan at once: a day is asked for once. The runs that this call asked for.
    """
    since = await begun_at(store)
    bodies = {job: body for job, (body, _) in (await job_bodies(store)).items()}
    days = await jobs.last_days()
    ended = {job: last_ended for job, (_, last_ended) in days.items()}
    active = {job for job, body in bodies.items() if body.active}
    asked = []
    for job in JOBS:
        last, last_ended = days.get(job, (None, None))
        if last != last_ended:
            continue  # the day before has not ended
        due = due_days(bodies[job], now=now, zone=zone, last=last, since=since)
        if due and may_start(job, due[0], ended=ended, active=active):
            run = await jobs.enqueue(job, due[0], now, manual=False)
            if run is not None:
                asked.append(run)
    return asked


async def begun_at(store: EventStore) -> datetime | None:
    """When the deployment began: the instant of its first event; None for an empty store."""
    first = await store.read(after=0, limit=1)
    return first[0].occurred_at if first else None
