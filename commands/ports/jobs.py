"""The port to runs of scheduled jobs, and to what they do."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class JobRun:
    """A run of a job for a day. `manual` ones were started by hand.

    `fencing` grows with every process that takes the run over; `tries` counts them. Ended: `outcome` is there.
    """

    id: int
    job: str
    day: date
    manual: bool
    requested_at: datetime
    due_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    outcome: Literal["ok", "failed"] | None
    result: str | None
    tries: int
    fencing: int | None
    running: bool
    """Whether a living process has it."""


JobRunner = Callable[[JobRun], Awaitable[str]]
"""What a job does: idempotent, as a run may be taken over after its process died. Answers a sentence for people.

It may be cancelled when its process loses the run. An exception: the run is tried again later, up to five times.
"""

JobRunners = Mapping[str, JobRunner]
"""By name of the job, as in `domain.jobs.schedule.JOBS`."""


class Jobs(Protocol):
    """Runs, in one place for all processes. Leases are kept by the store's own clock."""

    async def last_days(self) -> Mapping[str, tuple[date | None, date | None]]:
        """Job -> the latest day with a scheduled run, and the latest with one that has ended."""
        ...

    async def enqueue(self, job: str, day: date, now: datetime, *, manual: bool) -> JobRun | None:
        """Ask for a run. None: the job has a run that has not ended, or the day's scheduled one is there already."""
        ...

    async def enqueue_beat(self, job: str, day: date, now: datetime, beat: datetime) -> JobRun | None:
        """Ask for the day's scheduled run, again if it has ended and was asked for before the beat. None: another
        process did, or the job has a run that has not ended.
        """
        ...

    async def last_asked(self, job: str) -> datetime | None:
        """When the last scheduled run was asked for."""
        ...

    async def zones(self, own: str) -> Sequence[str]:
        """The zones of contracts, in whose days jobs by zone work; the deployment's `own` is among them."""
        ...

    async def open_run(self, job: str) -> JobRun | None:
        """The run that has not ended."""
        ...

    async def last_run(self, job: str) -> JobRun | None:
        """The run that started last, by hand or not; the open one before all."""
        ...

    async def claim(self, job: str, owner: str, lease_seconds: float, now: datetime) -> JobRun | None:
        """Take the job's open run, if it is due and no living process has it."""
        ...

    async def renew(self, run: JobRun, lease_seconds: float) -> bool:
        """Keep the run; False when another process took it over: then stop."""
        ...

    async def end(self, run: JobRun, outcome: Literal["ok", "failed"], result: str, now: datetime) -> bool:
        """Record how it ended; False when another process took it over: then it is that one's."""
        ...

    async def retry(self, run: JobRun, result: str, due_at: datetime) -> bool:
        """Let it be tried again later; False when another process took it over."""
        ...

    async def release(self, run: JobRun) -> None:
        """Give it back unfinished, as this process stops: another one takes it up at once."""
        ...
