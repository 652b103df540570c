"""Pages of lines. Where each line is was added up by number at activation, so a page never walks a million lines."""

from collections.abc import Sequence
from typing import Any, Final

from psycopg import AsyncConnection

from adapters.sql_files import load_sql
from commands.ports.line_store import Line, LineQuery

_SQL = load_sql("adapters.line_store")
_ALL_NUMBERS: Final = (0, 2**31 - 1)


async def find_lines(connection: AsyncConnection[Any], query: LineQuery) -> Sequence[Line]:
    """See the port."""
    parameters = _parameters(query)
    if _by_number(query):
        _, numbers = await _numbers(connection, query, parameters)
        parameters["numbers"] = numbers
    await connection.execute(_SQL["with_nested_loops"])
    rows = await (await connection.execute(_SQL["find_lines"], parameters)).fetchall()
    return [Line(*row) for row in rows]


async def count_lines(connection: AsyncConnection[Any], query: LineQuery) -> int:
    """See the port."""
    parameters = _parameters(query)
    if _by_number(query):
        return (await _numbers(connection, query, parameters))[0]
    row = await (await connection.execute(_SQL["count_lines"], parameters)).fetchone()
    everything = int(row[0]) if row else 0
    if query.billable is not False:
        return everything
    parameters |= {"keys": [], "firsts": [], "lasts": []}
    row = await (await connection.execute(_SQL["free_numbers"], {**parameters, "limit": 0})).fetchone()
    return everything - (int(row[0]) if row else 0)


def _by_number(query: LineQuery) -> bool:
    return query.held is not None or bool(query.billable)


async def _numbers(
    connection: AsyncConnection[Any], query: LineQuery, parameters: dict[str, object]
) -> tuple[int, list[int]]:
    ranges = query.held if query.held is not None else query.not_held
    asked = {
        **parameters,
        "keys": [r[0] for r in ranges],
        "firsts": [r[1] for r in ranges],
        "lasts": [r[2] for r in ranges],
    }
    statement = "held_numbers" if query.held is not None else "free_numbers"
    row = await (await connection.execute(_SQL[statement], asked)).fetchone()
    return (int(row[0]), row[1]) if row else (0, [])


def _parameters(query: LineQuery) -> dict[str, object]:
    first, last = query.numbers or _ALL_NUMBERS
    return {
        "populations": list(query.populations),
        "resolution": query.resolution,
        "after": query.after,
        "limit": query.limit,
        "first": first,
        "last": last,
        "numbers": None,
        "excluded": query.billable is False,
    }
