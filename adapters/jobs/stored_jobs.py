"""Runs of jobs as rows: one open run a job, one scheduled run a day, a lease with a fencing token."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, Literal

from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation
from psycopg_pool import AsyncConnectionPool

from adapters.sql_files import load_sql
from commands.ports.jobs import JobRun

_SQL = load_sql("adapters.jobs")
_RUNS = load_sql("adapters.invoice_runs")
MAX_RESULT: Final = 2000


class StoredJobs:
    """`commands.ports.jobs.Jobs` on PostgreSQL; the pool's connections are in autocommit."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def last_days(self) -> Mapping[str, tuple[date | None, date | None]]:
        """Job -> the latest day with a scheduled run, and the latest with one that has ended."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_SQL["last_days"])).fetchall()
        return {job: (last, ended) for job, last, ended in rows}

    async def enqueue(self, job: str, day: date, now: datetime, *, manual: bool) -> JobRun | None:
        """Ask for a run; None when there is one already."""
        return await self._one("enqueue", {"job": job, "day": day, "now": now, "manual": manual})

    async def enqueue_beat(self, job: str, day: date, now: datetime, beat: datetime) -> JobRun | None:
        """Ask for the day's scheduled run, again for a new beat; None when there is an open run, by hand or not."""
        try:
            return await self._one("enqueue_beat", {"job": job, "day": day, "now": now, "beat": beat})
        except UniqueViolation:
            return None

    async def last_asked(self, job: str) -> datetime | None:
        """When the last scheduled run was asked for."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_SQL["last_asked"], {"job": job})).fetchone()
        return row[0] if row else None

    async def zones(self, own: str) -> Sequence[str]:
        """The zones of contracts, and the deployment's own."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_RUNS["zones"], {"own": own})).fetchall()
        return [zone for zone, _done, _earliest in rows]

    async def open_run(self, job: str) -> JobRun | None:
        """The run that has not ended."""
        return await self._one("open_run", {"job": job})

    async def last_run(self, job: str) -> JobRun | None:
        """The newest run; the open one before all."""
        return await self._one("last_run", {"job": job})

    async def claim(self, job: str, owner: str, lease_seconds: float, now: datetime) -> JobRun | None:
        """Take the job's open run, if it is due and no living process has it."""
        return await self._one("claim", {"job": job, "owner": owner, "lease": lease_seconds, "now": now})

    async def renew(self, run: JobRun, lease_seconds: float) -> bool:
        """Keep the run."""
        return await self._mine("renew", run, lease=lease_seconds)

    async def end(self, run: JobRun, outcome: Literal["ok", "failed"], result: str, now: datetime) -> bool:
        """Record how it ended."""
        return await self._mine("end_run", run, outcome=outcome, result=result[:MAX_RESULT], now=now)

    async def retry(self, run: JobRun, result: str, due_at: datetime) -> bool:
        """Let it be tried again later."""
        return await self._mine("retry_run", run, result=result[:MAX_RESULT], due_at=due_at)

    async def release(self, run: JobRun) -> None:
        """Give it back unfinished."""
        await self._mine("release", run)

    async def _mine(self, name: str, run: JobRun, **values: object) -> bool:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SQL[name], {"id": run.id, "fencing": run.fencing, **values})
            return cursor.rowcount == 1

    async def _one(self, name: str, values: Mapping[str, object]) -> JobRun | None:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_SQL[name], values)).fetchone()
        return None if row is None else JobRun(*row)
