"""A worker as a process of its own, for test_worker: `python -m tests.services.worker_process CHUNKS`.

It reads the settings from its environment, stores chunks of 10 lines, and after so many chunks says so and stands still
until it is killed. 0: it never does.
"""

import asyncio
import sys
from dataclasses import replace

from commands.ports.provider_files import Limits
from services.settings import load_settings
from services.wiring import open_parts
from services.worker import run_worker

LEASE_SECONDS = 3.0


async def main(halt_after: int) -> None:
    async with open_parts(load_settings()) as parts:
        parts.sync = replace(parts.sync, lease_seconds=LEASE_SECONDS)
        reader, store = parts.invoices.reader, parts.store
        read, append, chunks = reader.read, store.append, 0

        async def appending(save):
            nonlocal chunks
            done = await append(save)
            chunks += sum(f.type == "provider-invoice.lines-populated" for w in save.writes for f in w.facts)
            if halt_after and chunks >= halt_after:
                sys.stdout.write("stands still\n")
                sys.stdout.flush()
                await asyncio.Event().wait()
            return done

        reader.read = lambda file, **more: read(file, limits=Limits(rows_per_chunk=10), **more)
        store.append = appending
        await run_worker(parts, asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
