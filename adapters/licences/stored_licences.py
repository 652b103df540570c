"""The port to licences, on PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.feed_types import reads_any, types_between
from adapters.sql_files import load_sql
from commands.ports.licences import LicenceCost, LicencesOf

_SQL = load_sql("adapters.licences")
_MOST: Final = 50_000
"""Positions read in one transaction."""


class StoredLicences:
    """`commands.ports.licences.Licences`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def gather(self) -> int:
        """See the port. What the feed brought and the position are one transaction, so that nothing is passed over."""
        async with self._pool.connection() as connection, connection.transaction():
            if not await _number(connection, "turn"):
                return 0
            after = await _number(connection, "position")
            upto = min(await _number(connection, "head"), after + _MOST)
            if upto <= after:
                return 0
            values = {"after": after, "upto": upto}
            changed = 0
            if reads_any(_SQL["activated"], await types_between(connection, after, upto)):
                for statement in ("gone", "activated"):
                    changed += (await connection.execute(_SQL[statement], values)).rowcount
            await connection.execute(_SQL["advance"], values)
            return changed

    async def costs(self, wanted: Sequence[LicencesOf]) -> Mapping[str, Sequence[LicenceCost]]:
        """See the port."""
        values = {
            "keys": [one.key for one in wanted for _ in one.customers],
            "customers": [customer for one in wanted for customer in one.customers],
            "products": [one.product for one in wanted for _ in one.customers],
            "subscriptions": [one.subscription for one in wanted for _ in one.customers],
            "firsts": [one.first for one in wanted for _ in one.customers],
            "lasts": [one.last for one in wanted for _ in one.customers],
        }
        found: dict[str, list[LicenceCost]] = {}
        async with self._pool.connection() as connection:
            for key, *bought in await (await connection.execute(_SQL["costs"], values)).fetchall():
                found.setdefault(key, []).append(LicenceCost(*bought))
        return found


async def _number(connection: AsyncConnection[Any], statement: str) -> int:
    row = await (await connection.execute(_SQL[statement])).fetchone()
    return int(row[0]) if row else 0
