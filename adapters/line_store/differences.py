"""An adjustment's lines: new minus old, cut into chunks with the same figures and digests as those of a file."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection

from adapters.sql_files import load_sql
from commands.ports.line_store import DifferenceRequest
from domain.provider_invoice.parts import KindSum, LineSums
from domain.provider_invoice.populate import ChunkStored

_SQL = load_sql("adapters.line_store")


async def make_difference(
    connection: AsyncConnection[Any], request: DifferenceRequest, population: int
) -> Sequence[ChunkStored]:
    """In the caller's transaction: store the lines, and say what each chunk of them holds."""
    await connection.execute(
        _SQL["make_difference"],
        {
            "population": population,
            "base": request.base,
            "new": list(request.new),
            "old": list(request.old),
            "attributes": json.dumps({"AdjustmentOf": request.adjusts_number}),
        },
    )
    rows = await (
        await connection.execute(_SQL["chunk_sums"], {"population": population, "base": request.base})
    ).fetchall()
    by_chunk: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        by_chunk[row[0]].append(row)
    chunks = []
    for number, parts in enumerate(by_chunk.values(), 1):
        first, last = min(p[1] for p in parts), max(p[2] for p in parts)
        chunks.append(
            ChunkStored(
                part=request.into.part,
                population=population,
                chunk=number,
                first_line=first,
                last_line=last,
                sums=LineSums(**{p[3]: KindSum(count=p[4], amount=p[5], tax=p[6]) for p in parts}),
                currencies=tuple(sorted({c for p in parts for c in p[7]})),
                digest=await _digest(connection, population, first, last),
                file_sha256=None,
                complete=number == len(by_chunk),
            )
        )
    return chunks or [_nothing(request, population)]


def _nothing(request: DifferenceRequest, population: int) -> ChunkStored:
    """New equals old: a part without lines."""
    return ChunkStored(
        part=request.into.part,
        population=population,
        chunk=1,
        first_line=request.base,
        last_line=request.base,
        sums=LineSums(),
        currencies=(),
        digest=hashlib.sha256().hexdigest(),
        file_sha256=None,
        complete=True,
    )


async def _digest(connection: AsyncConnection[Any], population: int, first: int, last: int) -> str:
    digest = hashlib.sha256()
    parameters = {"population": population, "first": first, "last": last}
    async with connection.cursor() as cursor, cursor.copy(_SQL["copy_out"].rstrip(";"), parameters) as copy:
        async for block in copy:
            digest.update(block)
    return digest.hexdigest()
