"""What an event leads to, and what has to be looked after now and then, as loops of the worker."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

import structlog

from adapters.operations import ReactionPositions
from commands.ports.previews import KEPT
from commands.provider_invoice.verify_lines import purge_lines
from commands.reactions.notices import NOTICED, raise_notice
from commands.sync.stuck import fail_stuck
from services.mailing import mail_domain, service_origin
from services.waking import SELDOM_SECONDS, Bell
from services.wiring import Parts
from services.working import passes

REACT_SECONDS: Final = 0.2
SWEEP_SECONDS: Final = 30.0
PURGE_SECONDS: Final = 3600.0
_PAGE: Final = 200
_NOTICES: Final = "notices"

_log = structlog.get_logger(__name__)


async def react(parts: Parts, positions: ReactionPositions) -> int:
    """Deal with the events since the last time; how many led to something.

    Any number of workers may: a notice has a natural id, and the position never goes back.
    """
    after = await positions.get(_NOTICES)
    head = await parts.store.head()
    dealt = 0
    while after < head:
        page = await parts.store.read(after=after, limit=_PAGE, types=NOTICED, upto=head)
        for recorded in page:
            await raise_notice(parts.store, recorded, service_origin(parts, "worker"), mail_domain(parts))
            dealt += 1
        after = page[-1].position if len(page) == _PAGE else head
        await positions.put(_NOTICES, after)
    return dealt


async def sweep(parts: Parts) -> int:
    """Fail the imports in which nothing moves."""
    return await fail_stuck(parts.sync, lambda: service_origin(parts, "worker"))


async def purge(parts: Parts) -> int:
    """Forget what has had its time: idempotency answers, operations that ended, previews of yesterday, populations that
    count nowhere.
    """
    now = parts.clock.now()
    gone = 0
    while removed := await parts.store.purge_expired_answers():
        gone += removed
    ended_before = now - timedelta(days=parts.settings.operation_days)
    while removed := await parts.operations.purge(ended_before):
        gone += removed
    previews = parts.contract_billing.previews
    while previews is not None and (removed := await previews.purge(now - KEPT)):
        gone += removed
    return gone + await purge_lines(parts.invoices, now)


async def repeat(
    work: Callable[[], Awaitable[int]],
    what: str,
    seconds: float,
    stop: asyncio.Event,
    bell: Bell | None = None,
    *,
    seldom: float = SELDOM_SECONDS,
) -> None:
    """Do something again and again until `stop`; faults are logged and ridden out.

    With a bell it may be done as seldom as that while nothing happens.
    """
    away = False
    while not stop.is_set():
        try:
            done = await work()
            if done:
                _log.debug(what, done=done)
                if bell is not None:
                    bell.ring()
            away = False
        except Exception as error:  # noqa: BLE001 -- the next turn tries again
            if not passes(error):
                _log.exception(f"{what}: failed")
            elif not away:
                _log.warning(f"{what}: put off", error=str(error))
            away = True
        if bell is not None:
            await bell.rest(seconds, stop, seldom)
            continue
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)
