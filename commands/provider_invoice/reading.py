"""From a reading, which blocks, to chunks in the event loop: one is read ahead while the one before is stored."""

import asyncio
import hashlib
import json
import tomllib
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping, Sequence
from decimal import Decimal

from commands.ports.line_outline import Outline
from commands.ports.line_store import CopyLines, Finding
from commands.ports.provider_files import Chunk, FileRejected, FileReport, MappingSource, Reading
from commands.ports.raw_files import KeptFile, RawFiles
from domain.money import less
from domain.provider_invoice.parts import KindSum, LineSums
from domain.provider_invoice.populate import ChunkStored
from domain.rejected import Rejected


async def chunks_of(reading: Reading) -> AsyncIterator[tuple[Chunk, bool]]:
    """Each chunk, and whether it is the last one, known as the next one is always read already.

    FileRejected from any step; nothing for a file without lines.
    """
    chunks = iter(reading)
    ahead = _next(chunks)
    try:
        chunk = await ahead
        ahead = _next(chunks)
        while chunk is not None:
            following = await ahead
            if following is not None:
                ahead = _next(chunks)
            yield chunk, following is None
            chunk = following
    finally:
        await asyncio.gather(ahead, return_exceptions=True)


def _next(chunks: Iterator[Chunk]) -> asyncio.Task[Chunk | None]:
    return asyncio.create_task(asyncio.to_thread(next, chunks, None))


def as_stored(
    chunk: Chunk, *, part: str, population: int, number: int, complete: bool, file_sha256: str, mapping: str
) -> ChunkStored:
    """What the event of a chunk says."""
    sums = {kind: KindSum(count=s.count, amount=s.amount, tax=s.tax) for kind, s in chunk.sums.items()}
    return ChunkStored(
        part=part,
        population=population,
        chunk=number,
        first_line=chunk.first_line,
        last_line=chunk.last_line,
        sums=LineSums(**sums),
        currencies=tuple(sorted(chunk.currencies)),
        digest=chunk.digest,
        file_sha256=file_sha256,
        complete=complete,
        mapping=mapping,
    )


def rows_of(population: int, chunks: Sequence[Chunk]) -> CopyLines:
    """The rows of chunks that were read with their population as prefix."""
    outlines = [Outline(chunk.first_line, chunk.rows, chunk.outline) for chunk in chunks]
    return CopyLines(population, [chunk.copy_csv for chunk in chunks], outlines)


def nothing_stored(*, part: str, population: int, base: int, file_sha256: str, mapping: str) -> ChunkStored:
    """What the event of a file without lines says."""
    return ChunkStored(
        part=part,
        population=population,
        chunk=1,
        first_line=base,
        last_line=base,
        sums=LineSums(),
        currencies=(),
        digest=hashlib.sha256().hexdigest(),
        file_sha256=file_sha256,
        complete=True,
        mapping=mapping,
    )


def mapping_name(mapping: MappingSource, split: Mapping[str, Sequence[str]] | None = None) -> str:
    """What a reading went by: a format's name, or the digest of a mapping; with the digest of a split, if any."""
    name = mapping if isinstance(mapping, str) else f"sha256:{_digest(mapping)}"
    return f"{name}/{_digest({k: sorted(v) for k, v in split.items()})}" if split else name


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def provider_mapping(text: str) -> MappingSource:
    """A provider's own mapping, out of the TOML text it was saved as; Rejected `mapping-invalid`."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Rejected(
            "mapping-invalid", f"The provider's mapping is no TOML ({error}): save it anew.", kind="invalid"
        ) from error


def file_refused(error: FileRejected) -> Rejected:
    """A file's fault as a refusal of the command that brought it."""
    facts = {"file": error.file, "line": error.line, "column": error.column}
    return Rejected(error.code, error.message, kind="invalid", facts={k: v for k, v in facts.items() if v is not None})


async def keep(files: RawFiles, blocks: AsyncIterable[bytes], name: str, max_bytes: int) -> KeptFile:
    """Put a stream into the raw file store as it comes, at the pace of the disk."""
    loop = asyncio.get_running_loop()
    stream = aiter(blocks)

    def pulled() -> Iterator[bytes]:
        while True:
            block = asyncio.run_coroutine_threadsafe(_block(stream), loop).result()
            if block is None:
                return
            yield block

    return await asyncio.to_thread(files.put, pulled(), name, max_bytes=max_bytes)


async def _block(stream: AsyncIterator[bytes]) -> bytes | None:
    return await anext(stream, None)


def warnings_of(report: FileReport) -> list[Finding]:
    """What was odd about lines of a file: their own arithmetic, as rows of warnings.csv, the largest first."""
    found = []
    for warning in report.warnings:
        both = warning.expected is not None and warning.found is not None
        amount = less(warning.found or Decimal(0), warning.expected or Decimal(0)) if both else Decimal(0)
        found.append(
            Finding(warning.code, f"line {warning.line}", warning.column, 1, (warning.line,), amount, warning.message)
        )
    found.sort(key=lambda f: -abs(f.amount))
    more = report.warnings_total - len(found)
    if more > 0:
        found.append(Finding("more", "", None, more, (), Decimal(0), f"{more:,} more lines like these are not listed."))
    return found
