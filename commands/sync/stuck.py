"""Imports in which nothing moved for an hour have failed: somebody should look, and the next sync tries again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from commands.handling import Decided, settle
from commands.origin import Origin
from commands.ports.event_store import Save, Write
from commands.ports.imports import EndImport
from commands.provider_invoice.desk import stream_of
from commands.sync.desk import SyncDesk
from domain.identity import Stream
from domain.provider_invoice.conclude import fail_import
from domain.provider_invoice.state import fold

NO_PROGRESS: Final = timedelta(hours=1)


async def fail_stuck(desk: SyncDesk, origin: Callable[[], Origin]) -> int:
    """How many failed as `stuck`. Manual invoices wait for people, which is no lack of progress: they are not here."""
    failed = 0
    for run in await desk.imports.idle_since(origin().now - NO_PROGRESS):
        failed += await _fail(desk, origin(), stream_of(run.provider_invoice))
        await desk.imports.forget(run.provider_invoice)
    return failed


async def _fail(desk: SyncDesk, origin: Origin, stream: Stream) -> bool:
    async def decide() -> Decided[bool]:
        history = await desk.invoices.store.load(stream)
        state = fold(history.facts)
        if state is None or state.status != "populating" or state.source != "automatic":
            return Decided(None, False)
        lines = sum(part.sums.rows for part in state.parts.values())
        message = (
            f"The import made no progress for an hour, after {lines:,} lines: "
            "see that a worker runs, then sync it again."
        )
        facts = tuple(fail_import(state, "stuck", message))
        return Decided(Save(origin, (Write(history, facts),), rows=(EndImport(stream.id),)), True)

    return (await settle(desk.invoices.store, origin, decide)).outcome
