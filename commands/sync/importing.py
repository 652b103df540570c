"""One import under its lease: begun, filled, concluded, or failed with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from commands.handling import Decided, settle
from commands.operations.work import GiveBack, Work
from commands.ports.event_store import History, Rows, Save, Write
from commands.ports.imports import EndImport, HoldImport
from commands.ports.operations import Item
from commands.ports.provider_files import FileRejected
from commands.provider_invoice.checks import conclude_attempt
from commands.provider_invoice.desk import Loaded, load
from commands.sync.desk import SyncDesk
from commands.sync.files import sources_of
from commands.sync.fill import ImportCancelled, ImportStopped, fill
from commands.sync.outcome import item_of
from domain.fact import Fact
from domain.identity import Stream, provider_invoice_stream
from domain.provider_invoice.checksum import Override
from domain.provider_invoice.conclude import fail_import
from domain.provider_invoice.state import ProviderInvoice
from domain.rejected import Rejected

MAX_LOSSES: Final = 3
"""Workers that may be lost in one attempt."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An invoice as it was looked at; no state: we hold none."""

    history: History
    state: ProviderInvoice | None

    @property
    def next_attempt(self) -> int:
        """The number of the attempt that would begin now."""
        return self.state.attempt + 1 if self.state else 1


@dataclass(frozen=True, slots=True)
class Importing:
    """An invoice in the hands of an operation that holds its import."""

    desk: SyncDesk
    work: Work
    provider: str
    number: str

    @property
    def stream(self) -> Stream:
        """The invoice's stream."""
        return provider_invoice_stream(self.provider, self.number)

    async def begin(self, seen: Seen, facts: Sequence[Fact], *more: Rows, beside: Sequence[Write] = ()) -> None:
        """Store the facts that begin an attempt, beside the right to go on with it. Conflict: look again."""
        origin = self.work.origin(str(self.stream), "begin", str(seen.history.version))
        hold = HoldImport(self.stream.id, seen.next_attempt, self.work.hold, origin.now)
        await self._append(Save(origin, (Write(seen.history, tuple(facts)), *beside), rows=(hold, *more)))

    async def end(self, seen: Seen, facts: Sequence[Fact], *more: Rows) -> Item:
        """Store facts that end an attempt or a try of it, with the result that they tell. Conflict: look again."""
        origin = self.work.origin(str(self.stream), "end", str(seen.history.version))
        item = item_of(self.provider, self.number, self.stream.id, facts)
        rows = (EndImport(self.stream.id), *more, self.work.row(item))
        await self._append(Save(origin, (Write(seen.history, tuple(facts)),), rows=rows))
        return item

    async def _append(self, save: Save) -> None:
        await self.desk.invoices.store.append(save)

    async def fill_and_conclude(self, override: Override | None, losses: int) -> Item:
        """Take a populating attempt to its end, from wherever it is."""
        loaded = await load(self.desk.invoices, self.stream.id)
        if losses >= MAX_LOSSES:
            return await self.fail("worker-lost", f"The import was lost {losses} times with its worker: sync it again.")
        try:
            sources = await sources_of(self.desk, loaded.state.files)
            await fill(self.desk, self.work, self.stream.id, sources)
        except FileRejected as refused:
            return await self.fail(refused.code, refused.message)
        except ImportCancelled:
            actor = self.work.operation.actor
            return await self.fail("cancelled", f"The import was cancelled, as was {actor}'s sync: sync it again.")
        except ImportStopped:
            return await self._ended_otherwise()
        return await self.conclude(override)

    async def conclude(self, override: Override | None) -> Item:
        """Both checks, and the end of the attempt; an override that was meant for another difference waives nothing."""
        origin = self.work.origin(str(self.stream), "conclude")

        async def decide() -> Decided[Item | None]:
            loaded = await load(self.desk.invoices, self.stream.id)
            if loaded.state.status != "populating":
                return Decided(None, None)
            ports = self.desk.invoices
            refusal: str | None = None
            try:
                concluded = await conclude_attempt(ports, origin, loaded, override=override)
            except Rejected as rejected:
                if rejected.code != "difference-differs":
                    raise
                refusal = rejected.detail
                concluded = await conclude_attempt(ports, origin, loaded)
            item = item_of(self.provider, self.number, self.stream.id, concluded.facts)
            if refusal is not None:
                item = replace(item, detail=f"{refusal} {item.detail}")
            save = concluded.save(origin, EndImport(self.stream.id), self.work.row(item))
            return Decided(save, item)

        try:
            item = (await settle(self.desk.invoices.store, origin, decide)).outcome
        except Rejected as rejected:  # its provider or the invoice that it adjusts is gone: it can't go on
            return await self.fail(rejected.code, rejected.detail)
        return item if item is not None else await self._ended_otherwise()

    async def fail(self, code: str, message: str) -> Item:
        """The attempt can't go on."""
        origin = self.work.origin(str(self.stream), "fail")

        async def decide() -> Decided[Item | None]:
            loaded = await load(self.desk.invoices, self.stream.id)
            facts = fail_import(loaded.state, code, message)
            if not facts:
                return Decided(None, None)
            item = item_of(self.provider, self.number, self.stream.id, facts)
            rows = (EndImport(self.stream.id), self.work.row(item))
            return Decided(Save(origin, (Write(loaded.history, tuple(facts)),), rows=rows), item)

        item = (await settle(self.desk.invoices.store, origin, decide)).outcome
        return item if item is not None else await self._ended_otherwise()

    async def _ended_otherwise(self) -> Item:
        """Somebody else ended the attempt: tell how."""
        loaded = await load(self.desk.invoices, self.stream.id)
        if loaded.state.status == "populating":
            raise GiveBack("The import goes on.")
        await self.desk.imports.forget(self.stream.id)
        item = item_of(self.provider, self.number, self.stream.id, _last_attempt(loaded))
        await self.work.put(item)
        return item


def _last_attempt(loaded: Loaded) -> list[Fact]:
    return [f for f in loaded.history.facts if getattr(f, "attempt", None) == loaded.state.attempt]
