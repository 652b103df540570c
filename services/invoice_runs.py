"""The daily invoice run as a job of the scheduler, and waiting for a run to end."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import count
from typing import Final

from commands.invoice_run.desk import hour
from commands.invoice_run.request import request_day
from commands.ports.jobs import JobRun, JobRunner
from commands.ports.operations import Operation
from domain.identity import id_for
from domain.jobs.zones import oldest_due
from services.mailing import service_origin
from services.wiring import Parts

_LOOK_SECONDS: Final = 0.2
_TURNS: Final = 3
"""A day that is still to be done after so many runs of it is somebody else's fault."""


class RunFailed(Exception):
    """A day's run ended without having done its day: the job is tried again."""


def invoice_run_job(parts: Parts) -> JobRunner:
    """The daily invoice run: every day not yet done, in order, as operations that a worker runs.

    A zone's days are done by the operations; a job that another scheduler takes over goes on where they are, and joins
    the one under way. Started by hand, it also runs today for zones where the time of day is still to come.
    """

    async def run(asked: JobRun) -> str:
        said: list[str] = []
        turns: dict[date, int] = {}
        for number in count():
            at = await hour(parts.store)
            day = oldest_due(await parts.runs.runs.zones(parts.zone_name), parts.clock.now(), at)
            if day is None:
                break
            turns[day] = turns.get(day, 0) + 1
            if turns[day] > _TURNS:
                raise RunFailed(f"The run of {day} ended {_TURNS} times, and the day is still to be done.")
            operation = await run_ended(parts, await _asked(parts, asked, day, number, by_hand=False))
            said.append(f"{day}: {operation.message or operation.status}")
            if operation.status == "failed":
                raise RunFailed(said[-1])
            if operation.status == "cancelled":
                return said[-1]
        if asked.manual:
            operation = await run_ended(parts, await _asked(parts, asked, asked.day, len(said), by_hand=True))
            said.append(f"{asked.day}: {operation.message or operation.status}")
        if len(said) > 1:
            return f"{len(said)} runs; the last: {said[-1]}"
        return said[0] if said else "No zone had a day to do."

    return run


async def _asked(parts: Parts, asked: JobRun, day: date, number: int, *, by_hand: bool) -> Operation:
    names = (asked.job, str(asked.id), asked.requested_at.isoformat(), str(asked.tries), str(number))
    origin = replace(service_origin(parts, "scheduler"), command_id=id_for("command", "job", *names))
    return (await request_day(parts.runs, origin, day, by_hand=by_hand)).outcome


async def run_ended(
    parts: Parts,
    operation: Operation,
    look: Callable[[Operation], None] | None = None,
    *,
    every: float = _LOOK_SECONDS,
) -> Operation:
    """The operation once it has ended; `look` is shown it every so many seconds."""
    while operation.open:
        if look is not None:
            look(operation)
        await asyncio.sleep(every)
        operation = await parts.operations.get(operation.id) or operation
    return operation
