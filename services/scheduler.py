"""The scheduler: asks for the days (and beats) that are due, and runs what was asked for, here or by hand.

Any number of these processes may run: each job's run has one owner, who keeps it by renewing a lease; the lease of one
that died runs out, and another process takes the run over. So jobs have to be idempotent, and are.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from adapters.outage import away
from commands.jobs.plan import plan_due
from commands.ports.event_store import EventStore
from commands.ports.jobs import JobRun, JobRunners, Jobs
from domain.jobs.schedule import JOBS, MAX_TRIES, retry_after
from services.working import passes

LEASE_SECONDS: Final = 15.0
"""A dead process's run is taken over after this time; a living one renews three times in it."""
TICK_SECONDS: Final = 1.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Scheduler:
    """What a scheduler works with. `clock` is the deployment's, `owner` names this process, `runners` do the jobs.

    Jobs without a runner are left to other processes.
    """

    store: EventStore
    jobs: Jobs
    runners: JobRunners
    clock: Callable[[], datetime]
    zone: str
    owner: str
    lease_seconds: float = LEASE_SECONDS
    tick_seconds: float = TICK_SECONDS

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; what runs then is given back, and taken up by the next process.

        A fault of the database is logged and ridden out.
        """
        running: dict[str, asyncio.Task[None]] = {}
        try:
            while not stop.is_set():
                try:
                    await self.tick(running)
                except Exception:  # noqa: BLE001 - whatever it is, the next tick tries again
                    _log.exception("scheduler tick failed")
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), self.tick_seconds)
        finally:
            for task in running.values():
                task.cancel()
            await asyncio.gather(*running.values(), return_exceptions=True)

    async def tick(self, running: dict[str, asyncio.Task[None]]) -> None:
        """Plan what is due, and begin what nobody runs; `running` holds this process's runs by job."""
        await plan_due(self.store, self.jobs, self.clock(), self.zone, only=self.runners)
        for job in (job for job in JOBS if job in self.runners):
            if job in running and not running[job].done():
                continue
            run = await self.jobs.claim(job, self.owner, self.lease_seconds, self.clock())
            if run is not None:
                running[job] = asyncio.create_task(self._work(run), name=f"job {job}")

    async def _work(self, run: JobRun) -> None:
        log = _log.bind(job=run.job, day=run.day.isoformat(), run=run.id, tries=run.tries)
        if run.tries > MAX_TRIES:
            await self.jobs.end(run, "failed", f"Its process was lost {MAX_TRIES} times.", self.clock())
            log.error("job given up")
            return
        log.info("job started", manual=run.manual)
        work = asyncio.ensure_future(self.runners[run.job](run))
        keep = asyncio.create_task(self._keep(run))
        try:
            await asyncio.wait({work, keep}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                log.warning("job lost to another process")
                return
            try:
                await self._record(run, work, log)
            except Exception as fault:  # noqa: BLE001 - then the lease runs out and the run is taken up again
                log.warning("end of job not stored", error=str(fault))
        except asyncio.CancelledError:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await self.jobs.release(run)
            log.info("job given back")
            raise
        finally:
            for task in (work, keep):
                task.cancel()
            await asyncio.gather(work, keep, return_exceptions=True)

    async def _record(
        self, run: JobRun, work: "asyncio.Future[str]", log: structlog.typing.FilteringBoundLogger
    ) -> None:
        fault = work.exception()
        if fault is None:
            ended = await self.jobs.end(run, "ok", work.result(), self.clock())
            log.info("job ended", result=work.result(), recorded=ended)
            return
        if passes(fault) or away(fault):  # that was no try: the next tick goes on once the database is back
            log.warning("job put off", error=str(fault))
            await self.jobs.release(run)
            return
        log.error("job failed", exc_info=fault)
        said = f"{type(fault).__name__}: {fault}"
        if run.tries >= MAX_TRIES:
            await self.jobs.end(run, "failed", said, self.clock())
        else:
            await self.jobs.retry(run, said, self.clock() + retry_after(run.tries))

    async def _keep(self, run: JobRun) -> None:
        """Renew the lease until it is lost, or can't have been kept."""
        loop = asyncio.get_running_loop()
        kept = loop.time()
        while loop.time() - kept < self.lease_seconds:
            await asyncio.sleep(self.lease_seconds / 3)
            asked = loop.time()
            try:
                if not await self.jobs.renew(run, self.lease_seconds):
                    return
                kept = asked
            except Exception as fault:  # noqa: BLE001 - while the lease holds there is time to try again
                _log.warning("lease not renewed", job=run.job, fault=str(fault))
