"""Plan the days: which scheduled runs are asked for now."""

from collections.abc import Collection
from datetime import datetime

from commands.jobs.bodies import job_bodies
from commands.ports.event_store import EventStore
from commands.ports.jobs import JobRun, Jobs
from domain.jobs.schedule import BY_ZONE, JOBS, due_beat, due_days, local_day, may_start
from domain.jobs.zones import due_in_zones


async def plan_due(
    store: EventStore, jobs: Jobs, now: datetime, zone: str, *, only: Collection[str] = JOBS
) -> list[JobRun]:
    """Ask for the oldest day that is due, of each job: missed days are caught up one after the other; of a job with a
    pace, ask for the beat that is due; of one by zone, for the latest instant at which a zone's day began.

    Any number of processes may plan at once: a day, or a beat, is asked for once. `only`: of these jobs. The runs that
    this call asked for.
    """
    since = await begun_at(store)
    if since is None:
        return []  # nobody has begun to use it: there is nothing to sync, to bill or to tell
    bodies = {job: body for job, (body, _) in (await job_bodies(store)).items()}
    days = await jobs.last_days()
    ended = {job: last_ended for job, (_, last_ended) in days.items()}
    active = {job for job, body in bodies.items() if body.active}
    asked = []
    for job in (job for job in JOBS if job in only):
        if bodies[job].every_minutes is not None or job in BY_ZONE:
            asked_last = await jobs.last_asked(job)
            if job in BY_ZONE:
                zones = await jobs.zones(zone)
                beat = due_in_zones(bodies[job], now=now, zones=zones, last=asked_last, since=since)
            else:
                beat = due_beat(bodies[job], now=now, last=asked_last)
            run = None if beat is None else await jobs.enqueue_beat(job, local_day(now, zone), now, beat)
            if run is not None:
                asked.append(run)
            continue
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
