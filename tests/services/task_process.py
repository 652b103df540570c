"""Post-invoicing tasks as a process of its own, for test_tasking_workers: `python -m tests.services.task_process`.

The worker's loop of tasks, with leases of a second, until it is killed.
"""

import asyncio

from services.settings import load_settings
from services.tasking import TaskRunner
from services.wiring import open_parts

LEASES = {"send": 1.0, "sync": 1.0, "charge": 1.0}


async def main() -> None:
    async with open_parts(load_settings()) as parts:
        await TaskRunner(leases=LEASES).run(parts, asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main())
