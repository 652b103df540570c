"""What all queries share: a pool that gives ids as text, statements with their columns put in, pages with cursors."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from psycopg import AsyncConnection, sql
from psycopg.rows import tuple_row
from psycopg.types.string import TextLoader
from psycopg_pool import AsyncConnectionPool

from adapters.sql_files import SqlStatements
from projections.paging import Cursor, Page, PageRequest, encode_cursor

Pool = AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]
Item = TypeVar("Item")
Values = tuple[Any, ...]


def open_pool(url: str, size: int, patience: float) -> Pool:
    """A pool for reading; open it within a running loop. `patience`: seconds to wait for a database that is away."""
    return AsyncConnectionPool(
        url,
        min_size=1,
        max_size=size,
        open=False,
        timeout=patience,
        kwargs={"autocommit": True, "application_name": "ledgerline queries"},
        configure=_configure,
        check=AsyncConnectionPool.check_connection,
    )


async def _configure(connection: AsyncConnection[tuple[Any, ...]]) -> None:
    connection.adapters.register_loader("uuid", TextLoader)
    await connection.execute("SET timezone = 'UTC'")
    await connection.execute("SET default_transaction_read_only = on")
    # Most filters are not asked most of the time: a plan for all of them at once would use no index.
    await connection.execute("SET plan_cache_mode = force_custom_plan")
    # Indexes of lists are in memory, or on disks without a moving arm; no list is worth compiling its plan for.
    await connection.execute("SET random_page_cost = 1.1")
    await connection.execute("SET jit = off")


def columns(row: type[tuple[Any, ...]], alias: str = "m") -> sql.Composed:
    """The columns of a row class, of a table's alias, in the order of its fields."""
    return sql.SQL(", ").join(sql.Identifier(alias, c) for c in names(row))


def names(row: type[tuple[Any, ...]]) -> tuple[str, ...]:
    """The fields of a row class."""
    return tuple(getattr(row, "_fields"))  # noqa: B009 -- every row is a NamedTuple, which no bound can say


def composed(statements: SqlStatements, name: str, **parts: sql.Composable) -> sql.Composed:
    """A named statement with its parts put in."""
    return sql.SQL(statements[name]).format(**parts)


def part(text: str | None) -> str | None:
    """A pattern for ILIKE that finds a part; what is special in patterns is taken as it is."""
    return None if text is None else f"%{_plain(text)}%"


def beginning(text: str) -> str:
    """A pattern for ILIKE that finds a beginning."""
    return f"{_plain(text)}%"


def _plain(text: str) -> str:
    text = text.replace("\x00", "").replace("\\", "\\\\")
    return text.replace("%", "\\%").replace("_", "\\_")


def any_of(values: frozenset[str]) -> list[str] | None:
    """A set as an array; None when nothing was asked."""
    return sorted(values) if values else None


class Reader:
    """Runs statements on the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def all(
        self, statement: sql.SQL | sql.Composed, values: Mapping[str, Any] | Sequence[Any] = ()
    ) -> list[Values]:
        """All rows of a statement."""
        async with self._pool.connection() as connection, connection.cursor(row_factory=tuple_row) as cursor:
            await cursor.execute(statement, values)
            return await cursor.fetchall()

    async def one(
        self, statement: sql.SQL | sql.Composed, values: Mapping[str, Any] | Sequence[Any] = ()
    ) -> Values | None:
        """The first row of a statement."""
        found = await self.all(statement, values)
        return found[0] if found else None

    async def page(
        self,
        statement: sql.SQL | sql.Composed,
        values: Mapping[str, Any],
        page: PageRequest,
        item: Callable[[Values], Item],
        key: Callable[[Item], Cursor],
    ) -> Page[Item]:
        """A page: the statement gives the total first, then an item's columns, of which the first is never null."""
        found = await self.all(statement, {**values, "limit": page.limit + 1, "count": page.count})
        return self.page_of(found, page, item, key)

    @staticmethod
    def page_of(
        found: Sequence[Values], page: PageRequest, item: Callable[[Values], Item], key: Callable[[Item], Cursor]
    ) -> Page[Item]:
        """A page of what such a statement found."""
        total = found[0][0] if found else None
        items = [item(row[1:]) for row in found if row[1] is not None]
        more = len(items) > page.limit
        items = items[: page.limit]
        return Page(items, encode_cursor(key(items[-1])) if more else None, total)
