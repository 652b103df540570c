"""Import and retry adjustments, which no provider lists: their files were fetched when they began."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from commands.operations.work import Ended, GiveBack, Work
from commands.ports.event_store import Conflict, Write
from commands.ports.imports import EndImport
from commands.ports.operations import Item
from commands.provider_invoice.checks import conclude_attempt
from commands.provider_invoice.desk import Loaded, load
from commands.sync.desk import SyncDesk
from commands.sync.importing import Importing, Seen
from commands.sync.outcome import item_name, item_of
from domain.provider_invoice.changes import adjusted_again
from domain.provider_invoice.lifecycle import FOREIGN_CURRENCY
from domain.provider_invoice.populate import next_attempt
from domain.provider_invoice.state import ProviderInvoice
from domain.rejected import Rejected

IMPORT_INVOICE: Final = "import-invoice"
"""A kind of operation: take an adjustment's attempt to its end, or try it again.

Input: provider_invoice; attempt: this one only, as long as nobody has ended it.
"""


@dataclass(frozen=True, slots=True)
class ImportInvoiceHandler:
    """The handler of operations of kind `import-invoice`."""

    desk: SyncDesk

    async def __call__(self, work: Work) -> Ended:
        """Go on with the attempt from wherever it is; without an attempt named, an ended one is tried again."""
        loaded = await load(self.desk.invoices, UUID(work.input["provider_invoice"]))
        wanted = work.input.get("attempt")
        over = wanted is not None and (wanted, "populating") != (loaded.state.attempt, loaded.state.status)
        item = None if over else await import_again(self.desk, work, loaded)
        if item is None:
            return Ended("done", f"{loaded.state.number} is {loaded.state.status}.")
        return Ended("done" if item.outcome == "imported" else "failed", item.detail or item.outcome)


async def import_again(desk: SyncDesk, work: Work, loaded: Loaded) -> Item | None:
    """Import or retry an adjustment, also a deleted one; its result is stored with it. None: there is nothing to do."""
    state = loaded.state
    if state.source != "automatic" or state.status == "active":
        return None
    lease = await desk.imports.begin(loaded.id, state.provider, state.number, work.hold, desk.lease_seconds, work.now())
    if lease is None:
        raise GiveBack("Another operation is importing it.", seconds=1.0)
    importing = Importing(desk, work, state.provider, state.number)
    try:
        if state.status == "populating":
            return await importing.fill_and_conclude(None, lease.losses)
        if state.status == "error" and state.import_code in {None, FOREIGN_CURRENCY}:
            return await _retry(desk, work, loaded)
        beside = await _closed_again(desk, loaded) if state.status == "deleted" else ()
        await importing.begin(Seen(loaded.history, state), [next_attempt(state)], beside=beside)
        return await importing.fill_and_conclude(None, 0)
    except Rejected as refused:
        item = Item(item_name(state.provider, state.number), "refused", refused.detail)
        await work.put(item)
        return item
    except Conflict as moved:
        raise GiveBack("The invoice is being changed by others.", seconds=1.0) from moved
    finally:
        await desk.imports.leave(loaded.id, work.hold)


async def _closed_again(desk: SyncDesk, deleted: Loaded) -> tuple[Write, ...]:
    """A deleted adjustment that is had again settles the change of its original as before, or is refused."""
    if deleted.state.adjusts is None:
        return ()
    original = await load(desk.invoices, deleted.state.adjusts)
    facts = adjusted_again(original.state, deleted.id, deleted.state)
    return (Write(original.history, tuple(facts)),) if facts else ()


async def retry_adjustments(desk: SyncDesk, work: Work, original: ProviderInvoice) -> None:
    """Adjustments that are in error are tried again with what they adjust."""
    finished = await work.finished()
    for adjustment in original.adjustments:
        loaded = await load(desk.invoices, adjustment)
        if loaded.state.status == "error" and item_name(loaded.state.provider, loaded.state.number) not in finished:
            await import_again(desk, work, loaded)


async def _retry(desk: SyncDesk, work: Work, loaded: Loaded) -> Item:
    """Another try on the stored lines: active, or one fact that says what fails now."""
    state = loaded.state
    origin = work.origin(str(loaded.history.stream), "retry", str(loaded.history.version))
    try:
        concluded = await conclude_attempt(desk.invoices, origin, loaded, retry=True)
    except Rejected as refused:
        item = Item(item_name(state.provider, state.number), "refused", refused.detail)
        await work.put(item)
        return item
    item = item_of(state.provider, state.number, loaded.id, concluded.facts)
    await desk.invoices.store.append(concluded.save(origin, EndImport(loaded.id), work.row(item)))
    return item
