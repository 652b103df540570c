"""The API as a process: uvicorn on uvloop with httptools. SIGTERM drains: what was asked is answered, then it ends."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
import uvloop
from fastapi import FastAPI

from commands.keys.create import MadeKey
from domain.keys.decisions import SECRET_BYTES
from services.api.app import create_app
from services.first_key import open_with_key
from services.garbage import collect_rarely
from services.settings import Settings
from services.starting import Start
from services.wiring import Parts

DRAIN_SECONDS = 20
"""How long answers may still take after SIGTERM."""
REQUESTS_LEAVE = 50_000
"""Objects that failed requests may leave in circles before somebody looks: a few tens of megabytes."""


def run_api(settings: Settings, *, first_key: Callable[[MadeKey], None]) -> None:
    """Serve until SIGTERM or SIGINT. `first_key` is told the admin key that an empty store begins with, once."""
    uvloop.run(_run(settings, first_key))


async def _run(settings: Settings, first_key: Callable[[MadeKey], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    start, entropy = Start(settings.database_conninfo()), os.urandom(SECRET_BYTES)
    async with start.opened(lambda: open_with_key(settings, entropy), stop) as opened:
        if opened is None:
            return
        parts, made = opened
        if made is not None:
            first_key(made)
        await serve_until(parts, stop)


async def serve_until(parts: Parts, stop: asyncio.Event) -> None:
    """Serve in this loop, beside its other work, until `stop` is set; then answer what was asked, and return."""
    server = server_of(create_app(parts), parts.settings.host, parts.settings.port)
    collect_rarely(REQUESTS_LEAVE)
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:
        stopping.cancel()


class _Server(uvicorn.Server):
    """Leaves signals to the process: uvicorn's own handling ends it before its database is closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing."""
        yield


def server_of(app: FastAPI, host: str, port: int) -> uvicorn.Server:
    """A server that is not started yet: `await serve()`, stop it by `should_exit`."""
    return _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            loop="none",
            http="httptools",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            backlog=2048,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )
