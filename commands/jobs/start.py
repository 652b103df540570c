"""Start a job by hand."""

from datetime import datetime

from commands.jobs.bodies import default_body
from commands.ports.jobs import JobRun, Jobs
from domain.jobs.schedule import local_day


async def start_by_hand(jobs: Jobs, job: str, now: datetime, zone: str) -> JobRun:
    """Ask for a run of today; a scheduler begins it within seconds. Rejected `not-found` for no such job.

    Starting one that runs already answers that run: it is never an error, and does nothing twice.
    """
    default_body(job)
    while True:
        run = await jobs.enqueue(job, local_day(now, zone), now, manual=True) or await jobs.open_run(job)
        if run is not None:
            return run
