"""Which types of events a stretch of the feed holds, so that only what reads one of them is asked.

Readers of the feed have a statement for each thing that they look for. Most stretches hold few types: asking for these
once is cheaper than going over the stretch with every statement.
"""

from collections.abc import Set as AbstractSet
from typing import Any

from psycopg import AsyncConnection

from adapters.sql_files import load_sql

_SQL = load_sql("adapters")


async def types_between(connection: AsyncConnection[Any], after: int, upto: int) -> AbstractSet[str]:
    """The types of the events after a position, up to another one."""
    cursor = await connection.execute(_SQL["types_between"], {"after": after, "upto": upto})
    return {row[0] for row in await cursor.fetchall()}


def reads_any(statement: str, types: AbstractSet[str]) -> bool:
    """Whether a statement names one of these types, as a literal: one that does not finds nothing among them."""
    return any(f"'{type_}'" in statement for type_ in types)
