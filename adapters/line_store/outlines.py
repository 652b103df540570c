"""Outlines of an attempt's lines: kept with the rows, made from the rows where there are none, read a few at a time."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import AsyncConnection

from adapters.line_outline import pack, unpack
from adapters.provider_files.cells import Arrow
from adapters.sql_files import load_sql
from commands.ports.line_outline import Outline
from commands.ports.provider_files import ROWS_PER_CHUNK

_SQL = load_sql("adapters.line_store")
_PAGE: Final = 16
_TYPES: Final = (pa.int32(), pa.string(), pa.string(), pa.string(), pa.int32(), pa.string())
_MANY: Final = 200_000


async def put_outlines(connection: AsyncConnection[Any], population: int, outlines: Sequence[Outline]) -> None:
    """Keep outlines of a population."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            _SQL["put_outline"],
            [
                {"population": population, "first_line": o.first_line, "lines": o.lines, "content": o.content}
                for o in outlines
            ],
        )


async def complete_outlines(connection: AsyncConnection[Any], populations: Sequence[int], lines: int) -> None:
    """In a transaction: outline what is not. `lines`: how many there are, or 0 where the caller does not know."""
    asked = {"populations": list(populations)}
    row = await (await connection.execute(_SQL["outlined_lines"], asked)).fetchone()
    if row is not None and row[0] == lines > 0:
        return
    for (population,) in await (await connection.execute(_SQL["not_outlined"], asked)).fetchall():
        await connection.execute(_SQL["purge_outlines"], {"populations": [population]})
        async with connection.cursor(name="lines_to_outline") as cursor:
            await cursor.execute(_SQL["lines_to_outline"], {"population": population})
            while rows := await cursor.fetchmany(ROWS_PER_CHUNK):
                columns = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), _TYPES, strict=True)]
                await put_outlines(connection, population, [Outline(rows[0][0], len(rows), pack(*columns))])


async def outlines_of(connection: AsyncConnection[Any], populations: Sequence[int]) -> AsyncIterator[list[Arrow]]:
    """A few outlines at a time, by their lowest number."""
    after = {"first_line": -1, "population": 0}
    while True:
        asked = {"populations": list(populations), "limit": _PAGE, **after}
        cursor = connection.cursor(binary=True)
        rows = await (await cursor.execute(_SQL["outlines"], asked)).fetchall()
        if rows:
            yield [unpack(row[2]) for row in rows]
            after = {"first_line": rows[-1][0], "population": rows[-1][1]}
        if len(rows) < _PAGE:
            return


@dataclass(frozen=True, slots=True)
class Used:
    """References of one kind that lines name, each with the first and the last day (from 1970-01-01) it is used on."""

    references: list[str]
    firsts: list[int]
    lasts: list[int]


class UsedReferences:
    """Gathers the references of outlines; what it holds grows with different references, not with lines."""

    def __init__(self, column: str) -> None:
        self._column = column
        self._found: list[Arrow] = []
        self._held = 0

    def see(self, outline: Arrow) -> None:
        """Take in an outline."""
        named = outline.column(self._column)
        days = pa.table({"code": named.indices, "day": outline.column("day")})
        ends = days.group_by("code", use_threads=False).aggregate([("day", "min"), ("day", "max")])
        references = named.dictionary.take(ends["code"].combine_chunks())
        self._found.append(_table(references, ends["day_min"], ends["day_max"]))
        self._held += len(references)
        if self._held > _MANY:
            self._found = [self._together()]
            self._held = 0

    def result(self) -> Used:
        """All of them, in order."""
        if not self._found:
            return Used([], [], [])
        table = self._together()
        table = table.take(pc.sort_indices(table["reference"]))
        return Used(*(table[name].to_pylist() for name in ("reference", "first", "last")))

    def _together(self) -> Arrow:
        ends = pa.concat_tables(self._found).group_by("reference", use_threads=False)
        table = ends.aggregate([("first", "min"), ("last", "max")])
        return _table(table["reference"], table["first_min"], table["last_max"])


def _table(references: Arrow, firsts: Arrow, lasts: Arrow) -> Arrow:
    return pa.table({"reference": references, "first": firsts, "last": lasts})
