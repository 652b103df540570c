"""Lines of a manual invoice as they stream in: a part counts as a whole, or not at all."""

import asyncio
from collections.abc import AsyncIterable
from dataclasses import dataclass
from uuid import UUID

from commands.handling import Busy, Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.ports.event_store import Save, Write
from commands.ports.line_store import Finding, Population, PutWarnings
from commands.ports.provider_files import Expect, FileRejected, MappingSource, UploadMedia
from commands.ports.raw_files import KeptFile
from commands.provider_invoice.change import outcome_after
from commands.provider_invoice.desk import Answering, InvoiceDesk, Loaded, Outcome, load, provider_of
from commands.provider_invoice.reading import (
    as_stored,
    chunks_of,
    file_refused,
    keep,
    mapping_name,
    provider_mapping,
    rows_of,
    warnings_of,
)
from domain.provider_invoice import populate
from domain.provider_invoice.populate import ChunkStored
from domain.rejected import Rejected

MAX_PART_NAME = 100
_TRIES = 5
_AUTO = "auto"
_OWN_FORMAT = "ledgerline"
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """How to read the body: `mapping` is a built-in format's name or a mapping's content, or None for the provider's
    own or by header.
    """

    part: str
    media: UploadMedia
    mapping: MappingSource | None = None
    replace: bool = False


async def put_lines(
    desk: InvoiceDesk,
    origin: Origin,
    invoice: UUID,
    upload: Upload,
    body: AsyncIterable[bytes],
    *,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """Store a part: raw bytes first, then lines into a population that no event names yet, then one transaction that
    names them all. The same bytes with the same mapping again change nothing. Bad lines are Rejected with the file's
    code and place; then, as when the body breaks off, nothing counts.
    """
    loaded = await load(desk, invoice)
    expect_version(loaded.history.version, expected)
    part = expect_part_name(upload.part)
    populate.expect_part(loaded.state, part, replace=upload.replace)
    mapping = await _mapping(desk, loaded, upload)
    try:
        kept = await keep(desk.files, body, f"{part}.{upload.media}", desk.max_upload)
        if mapping == _AUTO and upload.media == "csv":
            mapping = await asyncio.to_thread(desk.reader.format_of, kept)
        name = mapping_name(mapping)
        for _ in range(_TRIES):
            loaded = await load(desk, invoice)
            if populate.is_new(loaded.state, part, kept.sha256, name, replace=upload.replace):
                chunks, found = await _read(desk, origin, loaded, part, upload.media, mapping, kept)
            else:
                chunks, found = [_known(loaded, part)], []
            done = await _settle(desk, origin, invoice, upload, chunks, found, expected, answer)
            if done is not None:
                return done
    except FileRejected as error:
        raise file_refused(error) from error
    raise Busy("Other parts of the invoice are being stored all the time.")


async def _settle(
    desk: InvoiceDesk,
    origin: Origin,
    invoice: UUID,
    upload: Upload,
    chunks: list[ChunkStored],
    found: list[Finding],
    expected: int | None,
    answer: Answering,
) -> Done[Outcome] | None:
    """None when another part has taken the line numbers meanwhile: they are to be read anew, with numbers above."""

    class Overtaken(Exception):
        pass

    async def decide() -> Decided[Outcome]:
        loaded = await load(desk, invoice)
        expect_version(loaded.history.version, expected)
        if populate.overlaps_others(loaded.state, chunks):
            raise Overtaken
        facts = populate.put_part(loaded.state, chunks, replace=upload.replace)
        if not facts:
            return Decided(None, outcome_after(loaded, []))
        rows = (PutWarnings(chunks[0].population, found),) if found else ()
        save = Save(origin=origin, writes=(Write(loaded.history, tuple(facts)),), rows=rows)
        return Decided(save, outcome_after(loaded, facts))

    try:
        return await settle(desk.store, origin, decide, answer)
    except Overtaken:
        return None


async def _read(
    desk: InvoiceDesk,
    origin: Origin,
    loaded: Loaded,
    part: str,
    media: UploadMedia,
    mapping: MappingSource,
    kept: KeptFile,
) -> tuple[list[ChunkStored], list[Finding]]:
    names = desk.reader.source_names(mapping)
    population = await desk.lines.open_population(
        Population(loaded.id, loaded.state.attempt, part, names.customer, names.product), origin.now
    )
    with await asyncio.to_thread(kept.open) as raw:
        reading = desk.reader.read_upload(
            iter(lambda: raw.read(_BLOCK), b""),
            name=part,
            media=media,
            mapping=mapping,
            base=loaded.state.last_line,
            expect=Expect(currency=loaded.state.header.currency),
            prefix=f"{population},".encode(),
        )
        chunks: list[ChunkStored] = []
        async for chunk, last in chunks_of(reading):
            await desk.lines.copy_lines(rows_of(population, [chunk]))
            stored = as_stored(
                chunk,
                part=part,
                population=population,
                number=len(chunks) + 1,
                complete=last,
                file_sha256=kept.sha256,
                mapping=mapping_name(mapping),
            )
            chunks.append(stored)
    if not chunks:
        raise Rejected("no-lines", "The upload has no lines: nothing was stored.", kind="invalid")
    return chunks, warnings_of(reading.report())


async def _mapping(desk: InvoiceDesk, loaded: Loaded, upload: Upload) -> MappingSource:
    if upload.media != "csv":
        return _OWN_FORMAT
    if upload.mapping is not None:
        return upload.mapping
    provider = await provider_of(desk, loaded.state.provider)
    return provider_mapping(provider.body.mapping) if provider.body.mapping else _AUTO


def _known(loaded: Loaded, part: str) -> ChunkStored:
    """What is there already, told again: it decides nothing."""
    known = loaded.state.parts[part]
    return ChunkStored(
        part=part,
        population=known.population,
        chunk=1,
        first_line=known.first_line,
        last_line=known.last_line,
        sums=known.sums,
        currencies=known.currencies,
        digest=known.digest,
        file_sha256=known.file_sha256,
        complete=True,
        mapping=known.mapping,
    )


def expect_part_name(part: str) -> str:
    """A part's id, trimmed; Rejected `part-invalid` when it is empty, too long or unprintable."""
    name = part.strip()
    if not 0 < len(name) <= MAX_PART_NAME or not name.isprintable():
        raise Rejected(
            "part-invalid", f"Name the part with 1 to {MAX_PART_NAME} printable characters: ?part=NAME.", kind="invalid"
        )
    return name
