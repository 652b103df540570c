"""Everything in one process: the API, the projector, the worker and the scheduler, on the embedded default."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from commands.keys.create import MadeKey
from domain.keys.decisions import SECRET_BYTES
from services.api.serve import serve_until
from services.first_key import open_with_key
from services.projector import make_projector, project
from services.scheduled import run_scheduler
from services.settings import Settings
from services.starting import Start
from services.wiring import Parts
from services.worker import run_worker

START_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Running:
    """What is up. `first_key`: the admin key that an empty store began with."""

    address: str
    database_url: str
    first_key: MadeKey | None


async def run_up(settings: Settings, ready: Callable[[Running], None], stop: asyncio.Event | None = None) -> None:
    """Run until SIGTERM, SIGINT or `stop`; when one part ends with an error, all end, and it is raised."""
    halt = stop or asyncio.Event()
    if stop is None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, halt.set)
    start, entropy = Start(settings.database_conninfo()), os.urandom(SECRET_BYTES)
    async with start.opened(lambda: open_with_key(settings, entropy), halt) as opened, AsyncExitStack() as stack:
        if opened is None:
            return
        parts, key = opened
        stack.push_async_callback(_project(parts))
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(_until(halt, serve_until(parts, halt)))
            group.create_task(_until(halt, run_worker(parts, halt)))
            group.create_task(_until(halt, run_scheduler(parts, halt)))
            await _listening(settings, serving)
            ready(Running(f"http://{settings.host}:{settings.port}", parts.database_url, key))


@contextmanager
def running_up(settings: Settings) -> Iterator[Running]:
    """The same in a thread of its own, for a caller in this process; ends with the block."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    found: list[Running] = []
    failed: list[BaseException] = []
    ready = threading.Event()

    def tell(running: Running) -> None:
        found.append(running)
        ready.set()

    def work() -> None:
        try:
            loop.run_until_complete(run_up(settings, tell, stop))
        except BaseException as error:  # noqa: BLE001 - handed over to the caller's thread
            failed.append(error)
        finally:
            ready.set()
            loop.close()

    thread = threading.Thread(target=work, name="ledgerline up")
    thread.start()
    try:
        if not ready.wait(START_SECONDS) or not found:
            raise failed[0] if failed else TimeoutError(f"not up within {START_SECONDS:.0f} s")
        yield found[0]
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)
        thread.join()
    if failed:
        raise failed[0]


def _project(parts: Parts) -> "Callable[[], asyncio.Future[None]]":
    """Start the projector's thread; what is returned ends it and waits for it."""
    stop = threading.Event()
    url = parts.database_url
    projector = make_projector(url, parts.settings.kafka())
    thread = threading.Thread(target=project, args=(projector, stop, parts.metrics, url), name="projector")
    thread.start()

    def end() -> "asyncio.Future[None]":
        stop.set()
        return asyncio.ensure_future(asyncio.to_thread(thread.join))

    return end


async def _until(halt: asyncio.Event, work: "asyncio.Future[None] | object") -> None:
    """A part that ends takes the others with it."""
    try:
        await work  # type: ignore[misc]  # a coroutine of one of the parts
    finally:
        halt.set()


async def _listening(settings: Settings, serving: "asyncio.Task[None]") -> None:
    """Wait until the API answers, or has failed."""
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(settings.host, settings.port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        await writer.wait_closed()
        return
