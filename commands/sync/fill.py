"""Fill an attempt from its files, chunk by chunk: rows, one event a chunk and the progress in one transaction each.

Whoever takes an import up goes on at the next chunk: reading is deterministic, so what is recorded is read over and its
digest compared.
"""

from contextlib import aclosing
from dataclasses import replace
from uuid import UUID

from commands.handling import Decided, settle
from commands.operations.work import GiveBack, Work
from commands.ports.event_store import Rows, Save, Write
from commands.ports.imports import HoldImport
from commands.ports.line_store import Population, PutWarnings
from commands.ports.operations import PutProgress
from commands.ports.provider_files import Chunk, Expect, FileRejected, Reading
from commands.provider_invoice.change import state_after
from commands.provider_invoice.desk import load
from commands.provider_invoice.reading import as_stored, nothing_stored, rows_of, warnings_of
from commands.sync.desk import SyncDesk
from commands.sync.files import Source
from commands.sync.pump import batches_of
from domain.fact import Fact
from domain.provider_invoice import populate
from domain.provider_invoice.parts import PartRef
from domain.provider_invoice.populate import ChunkStored
from domain.provider_invoice.state import ProviderInvoice, chained
from domain.rejected import Rejected


class ImportStopped(Exception):
    """The import ended otherwise, by its cancellation: there is nothing more to store."""


class ImportCancelled(Exception):
    """Somebody asked for the end of the operation."""


async def fill(desk: SyncDesk, work: Work, invoice: UUID, sources: list[Source]) -> None:
    """Store all lines of the attempt's files that are not stored yet.

    FileRejected for a file that can't be read, ImportStopped, ImportCancelled, GiveBack while the process drains,
    OperationLost when another worker has taken the import.
    """
    before: list[str] = []
    for source in sources:
        loaded = await load(desk.invoices, invoice)
        known = loaded.state.parts.get(source.part)
        if known is None or not known.complete:
            base = max((loaded.state.parts[name].last_line for name in before), default=0)
            await _Part(desk, work, invoice, source, base).fill(loaded.state, known)
        before.append(source.part)


class _Part:
    """One file on its way into the line store."""

    def __init__(self, desk: SyncDesk, work: Work, invoice: UUID, source: Source, base: int) -> None:
        self._desk = desk
        self._work = work
        self._invoice = invoice
        self._source = source
        self._base = base
        self._population = 0

    async def fill(self, state: ProviderInvoice, known: PartRef | None) -> None:
        """All chunks that are not recorded yet."""
        self._population = known.population if known else await self._open_population(state)
        reading = self._desk.invoices.reader.read(
            self._source.kept,
            mapping=self._source.mapping,
            role=self._source.role,
            base=self._base,
            expect=Expect(state.header.currency, state.number_in_files, self._source.split),
            prefix=f"{self._population},".encode(),
        )
        number, digest = 0, ""
        recorded = known.chunks if known else 0
        async with aclosing(batches_of(reading)) as batches:
            async for batch in batches:
                self._heed_signals()
                new: list[tuple[Chunk, ChunkStored]] = []
                for chunk, last in batch:
                    number += 1
                    if number > recorded:
                        new.append((chunk, self._stored(chunk, number, reading if last else None)))
                        continue
                    digest = chained(digest, chunk.digest)
                    if known is not None and number == recorded:
                        self._expect_same(digest, known)
                if new:
                    await self._save(new, reading)
        if recorded and number <= recorded:
            raise self._read_otherwise(recorded)
        if number == 0:
            await self._save_nothing(reading)

    async def _open_population(self, state: ProviderInvoice) -> int:
        names = self._desk.invoices.reader.source_names(self._source.mapping)
        population = Population(self._invoice, state.attempt, self._source.part, names.customer, names.product)
        return await self._desk.invoices.lines.open_population(population, self._work.now())

    def _heed_signals(self) -> None:
        if self._work.signals.cancelled:
            raise ImportCancelled
        if self._work.signals.draining:
            raise GiveBack("The worker stopped; another one goes on.")

    def _expect_same(self, digest: str, known: PartRef) -> None:
        if digest != known.digest:
            raise self._read_otherwise(known.chunks)

    def _read_otherwise(self, chunks: int) -> FileRejected:
        return FileRejected(
            "read-otherwise",
            f"{self._source.part} was read otherwise before, up to chunk {chunks}: "
            "the program was changed meanwhile. Sync the invoice again.",
            file=self._source.part,
        )

    def _stored(self, chunk: Chunk, number: int, ended: Reading | None) -> ChunkStored:
        stored = as_stored(
            chunk,
            part=self._source.part,
            population=self._population,
            number=number,
            complete=ended is not None,
            file_sha256=self._source.kept.sha256,
            mapping=self._source.mapping_name,
        )
        return stored if ended is None else replace(stored, left_out=_left_out(ended))

    async def _save_nothing(self, reading: Reading) -> None:
        stored = nothing_stored(
            part=self._source.part,
            population=self._population,
            base=self._base,
            file_sha256=self._source.kept.sha256,
            mapping=self._source.mapping_name,
        )
        await self._append([replace(stored, left_out=_left_out(reading))], self._ending(reading))

    async def _save(self, new: list[tuple[Chunk, ChunkStored]], reading: Reading) -> None:
        rows: list[Rows] = [rows_of(self._population, [chunk for chunk, _ in new])]
        if new[-1][1].complete:
            rows += self._ending(reading)
        rows.append(PutProgress(self._work.hold, sum(chunk.rows for chunk, _ in new)))
        await self._append([stored for _, stored in new], rows)

    def _ending(self, reading: Reading) -> list[Rows]:
        found = warnings_of(reading.report())
        return [PutWarnings(self._population, found)] if found else []

    async def _append(self, chunks: list[ChunkStored], rows: list[Rows]) -> None:
        origin = self._work.origin(str(self._invoice), "chunk", str(self._population), str(chunks[0].chunk))

        async def decide() -> Decided[None]:
            loaded = await load(self._desk.invoices, self._invoice)
            facts: list[Fact] = []
            state = loaded.state
            for chunk in chunks:
                decided = populate.record_chunk(state, chunk)
                facts += decided
                state = state_after(state, decided)
            hold = HoldImport(self._invoice, state.attempt, self._work.hold, origin.now)
            save = Save(origin, (Write(loaded.history, tuple(facts)),), rows=(hold, *rows))
            return Decided(save if facts else None, None)

        try:
            await settle(self._desk.invoices.store, origin, decide)
        except Rejected as rejected:
            raise ImportStopped(rejected.detail) from rejected


def _left_out(reading: Reading) -> int:
    return sum(reading.report().skipped.values())
