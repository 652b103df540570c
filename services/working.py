"""Running operations: taken one by one, kept by a heartbeat, given back when process or database go away."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from commands.handling import Busy
from commands.operations.work import Ended, GiveBack, Handler, Work
from commands.ports.event_store import StoreUnavailable
from commands.ports.operations import Claimed, Hold, OperationLost, Operations
from services.waking import UNTOLD_SECONDS, Bell

LEASE_SECONDS: Final = 15.0
"""A worker that was not heard of for so long is lost: another one takes its operations."""
MAX_TRIES: Final = 5
"""Tries of an operation that raises what nobody foresaw."""
MAX_LOSSES: Final = 10
"""Workers lost in a row, without a single item done."""
IDLE_SECONDS: Final = 0.1
DRAIN_SECONDS: Final = 20.0

_log = structlog.get_logger(__name__)


def passes(error: BaseException) -> bool:
    """Whether an error is one of the database being away or busy, and not of what was asked for."""
    away = (StoreUnavailable, Busy, PoolTimeout, psycopg.OperationalError, psycopg.InterfaceError, GiveBack)
    return isinstance(error, away) and not isinstance(error, psycopg.errors.QueryCanceled)


@dataclass(slots=True)
class _Signals:
    stop: asyncio.Event
    cancelled: bool = False

    @property
    def draining(self) -> bool:
        return self.stop.is_set()


@dataclass(slots=True)
class OperationRunner:
    """Works on up to `at_once` operations. `clock` is the deployment's, `name` tells this worker from others."""

    operations: Operations
    handlers: Mapping[str, Handler]
    clock: Callable[[], datetime]
    zone: str
    name: str
    at_once: int = 2
    lease_seconds: float = LEASE_SECONDS
    turns: int = 0
    running: int = 0
    problem: str | None = None
    """Why nothing can be taken now; None while all is well."""
    ended: dict[str, int] = field(default_factory=dict)
    """Operations ended by this worker, by how."""

    async def run(self, stop: asyncio.Event, bell: Bell | None = None) -> None:
        """Until `stop`; what runs then is finished up to its next step, and given back.

        With a bell it looks less often while nothing happens.
        """
        running: set[asyncio.Task[None]] = set()
        while not stop.is_set():
            self.turns += 1
            running = {task for task in running if not task.done()}
            self.running = len(running)
            claimed = await self._claim() if len(running) < self.at_once else None
            if claimed is not None:
                running.add(asyncio.create_task(self._work(claimed, stop), name=f"operation {claimed.operation.id}"))
                if bell is not None:
                    bell.ring()
            elif bell is not None:
                await bell.rest(IDLE_SECONDS, stop, UNTOLD_SECONDS)
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), IDLE_SECONDS)
        if running:
            _, late = await asyncio.wait(running, timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _claim(self) -> Claimed | None:
        try:
            claimed = await self.operations.claim(self.name, list(self.handlers), self.lease_seconds, self.clock())
        except Exception as error:  # noqa: BLE001 -- whatever it is, the next turn tries again
            if self.problem is None:
                _log.warning("operations can't be taken", error=str(error))
            self.problem = f"operations can't be taken: {error}"
            await asyncio.sleep(IDLE_SECONDS)
            return None
        self.problem = None
        return claimed

    async def _work(self, claimed: Claimed, stop: asyncio.Event) -> None:
        operation, hold = claimed.operation, claimed.hold
        log = _log.bind(operation=str(operation.id), kind=operation.kind, tries=operation.tries)
        if operation.losses >= MAX_LOSSES:
            await self._end(hold, Ended("failed", f"Its worker was lost {operation.losses} times."), log)
            return
        log.info("operation taken", losses=operation.losses)
        signals = _Signals(stop, operation.cancel_requested)
        work = Work(operation, hold, self.operations, signals, self.clock, self.zone)
        doing = asyncio.ensure_future(self.handlers[operation.kind](work))
        keeping = asyncio.create_task(self._keep(hold, signals))
        try:
            await asyncio.wait({doing, keeping}, return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                log.warning("operation lost to another worker")
                return
            await self._settle(claimed, doing, log)
        except asyncio.CancelledError:
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)
            await self._give_back(hold, 0.0, log)
            raise
        finally:
            for task in (doing, keeping):
                task.cancel()
            await asyncio.gather(doing, keeping, return_exceptions=True)

    async def _settle(
        self, claimed: Claimed, doing: "asyncio.Future[Ended]", log: structlog.typing.FilteringBoundLogger
    ) -> None:
        error = doing.exception()
        if error is None:
            await self._end(claimed.hold, doing.result(), log)
        elif isinstance(error, OperationLost):
            log.warning("operation lost to another worker")
        elif isinstance(error, GiveBack):
            await self._give_back(claimed.hold, error.seconds, log)
        elif passes(error):
            log.warning("operation put off", error=str(error))
            await self._give_back(claimed.hold, 1.0, log)
        elif claimed.operation.tries < MAX_TRIES:
            log.error("operation failed, to be tried again", exc_info=error)
            await self._give_back(claimed.hold, 2.0**claimed.operation.tries, log)
        else:
            log.error("operation failed", exc_info=error)
            said = f"An error that nobody foresaw ({type(error).__name__}); it is in the worker's log."
            await self._end(claimed.hold, Ended("failed", said), log)

    async def _end(self, hold: Hold, ended: Ended, log: structlog.typing.FilteringBoundLogger) -> None:
        """If this can't be stored, the lease runs out and the next worker finds that all is done."""
        try:
            await self.operations.end(hold, ended.status, ended.message, self.clock())
        except Exception as error:  # noqa: BLE001 -- see above
            log.warning("end of operation not stored", error=str(error))
            return
        self.ended[ended.status] = self.ended.get(ended.status, 0) + 1
        log.info("operation ended", status=ended.status, message=ended.message)

    async def _give_back(self, hold: Hold, seconds: float, log: structlog.typing.FilteringBoundLogger) -> None:
        try:
            await self.operations.give_back(hold, seconds=seconds)
        except Exception as error:  # noqa: BLE001 -- then the lease runs out
            log.warning("operation not given back", error=str(error))
            return
        log.info("operation given back")

    async def _keep(self, hold: Hold, signals: _Signals) -> None:
        """Renew the lease until it is lost, or can't have been kept."""
        loop = asyncio.get_running_loop()
        kept = loop.time()
        while loop.time() - kept < self.lease_seconds:
            await asyncio.sleep(min(1.0, self.lease_seconds / 3))
            try:
                if await self.operations.renew(hold, self.lease_seconds):
                    signals.cancelled = True
                kept = loop.time()
            except OperationLost:
                return
            except Exception as error:  # noqa: BLE001 -- while the lease holds there is time to try again
                _log.warning("lease not renewed", operation=str(hold.operation), error=str(error))
