"""The port to usage that needs a destination, on PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.feed_types import reads_any, types_between
from adapters.sql_files import load_sql
from commands.ports.usage_due import Claim, DueOffer, Unplaced

_SQL = load_sql("adapters.usage_due")
_STEPS: Final = (
    *("contracts_agreed", "usage_lines_added", "offered", "withdrawn", "unlocked", "customers_changed"),
    *("contracts_changed", "purchases_unlocked", "references_known"),
)
_LOOK_AGAIN: Final = timedelta(minutes=1)
_MOST: Final = 50_000
"""Events read in one transaction."""


class StoredUsageDue:
    """`commands.ports.usage_due.UsageDue`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def gather(self, now: datetime) -> int:
        """See the port. What the feed brought and the position are one transaction, so that nothing is passed over."""
        changed = 0
        async with self._pool.connection() as connection, connection.transaction():
            if not await _number(connection, "turn"):
                return 0
            after = await _number(connection, "position")
            upto = min(await _number(connection, "head"), after + _MOST)
            if upto > after:
                values = {"after": after, "upto": upto, "now": now}
                types = await types_between(connection, after, upto)
                for statement in (_SQL[step] for step in _STEPS):
                    if reads_any(statement, types):
                        changed += (await connection.execute(statement, values)).rowcount
                await connection.execute(_SQL["advance"], values)
            again = {"now": now, "before": now - _LOOK_AGAIN}
            return changed + (await connection.execute(_SQL["look_again"], again)).rowcount

    @asynccontextmanager
    async def claim(self, limit: int, now: datetime) -> AsyncIterator[Claim]:
        """See the port. The rows are held by a transaction: a worker that dies gives them back."""
        async with self._pool.connection() as connection, connection.transaction():
            rows = await (await connection.execute(_SQL["claim"], {"limit": limit})).fetchall()
            claim = Claim([DueOffer(*row) for row in rows])
            yield claim
            await _judge(connection, claim, now)

    async def again(self, *, customer: str | None, provider_invoice: UUID | None, now: datetime) -> int:
        """See the port."""
        values = {"customer": customer, "provider_invoice": provider_invoice, "now": now}
        async with self._pool.connection() as connection:
            return (await connection.execute(_SQL["again"], values)).rowcount

    async def of_customers(self, customers: Sequence[str]) -> Sequence[DueOffer]:
        """See the port."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SQL["of_customers"], {"customers": list(customers)})
            return [DueOffer(*row) for row in await cursor.fetchall()]

    async def unplaced(self, provider_invoice: UUID) -> Sequence[Unplaced]:
        """See the port."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SQL["unplaced"], {"provider_invoice": provider_invoice})
            return [Unplaced(*row) for row in await cursor.fetchall()]


async def _judge(connection: AsyncConnection[Any], claim: Claim, now: datetime) -> None:
    done = [offer for offer, verdict in claim.verdicts.items() if verdict.state == "done"]
    if done:
        await connection.execute(_SQL["done"], {"offers": done})
    others = {offer: v for offer, v in claim.verdicts.items() if v.state in {"waiting", "unrouted"}}
    if others:
        values = {
            "offers": list(others),
            "states": [v.state for v in others.values()],
            "waits": [v.waits_for for v in others.values()],
            "reasons": [v.reason for v in others.values()],
            "now": now,
        }
        await connection.execute(_SQL["judged"], values)


async def _number(connection: AsyncConnection[Any], statement: str) -> int:
    row = await (await connection.execute(_SQL[statement])).fetchone()
    return int(row[0]) if row else 0
