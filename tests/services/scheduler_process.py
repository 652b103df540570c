"""A scheduler as a process of its own: `python -m tests.services.scheduler_process URL`; for test_scheduler.

Its jobs write what they do into the table `effects`, and wait for a row in `gate` before they end.
"""

import asyncio
import os
import signal
import sys

import psycopg
from psycopg_pool import AsyncConnectionPool

from adapters.event_store import Codec, PostgresEventStore
from adapters.jobs import StoredJobs
from commands.ports.jobs import JobRun
from services.scheduler import Scheduler
from tests.support.origins import NOW
from tests.support.waiting import eventually_async


async def _open(connection: psycopg.AsyncConnection) -> bool:
    return (await (await connection.execute("SELECT 1 FROM gate")).fetchone()) is not None


async def main(url: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def job(run: JobRun) -> str:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            values = (run.job, os.getpid(), run.fencing)
            await connection.execute("INSERT INTO effects VALUES ('begin', %s, %s, %s)", values)
            await eventually_async(lambda: _open(connection))
            await connection.execute("INSERT INTO effects VALUES ('end', %s, %s, %s)", values)
        return "done"

    async with (
        await PostgresEventStore.open(url, Codec(), pool_size=2) as store,
        AsyncConnectionPool(url, kwargs={"autocommit": True}, max_size=2, min_size=1, open=False) as pool,
    ):
        scheduler = Scheduler(
            store=store,
            jobs=StoredJobs(pool),
            runners={"provider-sync": job, "import-summary": job},
            clock=lambda: NOW,
            zone="UTC",
            owner=f"process {os.getpid()}",
            lease_seconds=3.0,
            tick_seconds=0.05,
        )
        await scheduler.run(stop)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
