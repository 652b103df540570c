"""The port to invoices that are to be calculated, on PostgreSQL: found from the feed by sets, not one by one."""

from collections.abc import Sequence
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.feed_types import reads_any, types_between
from adapters.sql_files import load_sql
from commands.ports.calculation import Due, Patience, Settled

_SQL = load_sql("adapters.calculation")
PAGE: Final = 50_000
"""Positions of the feed that are read in one transaction."""
_STEPS: Final = ("note_begun", "note_locked", "note_due", "note_touched", "note_ended")
"""What is looked for, in this order. `note_touched` reads reference data as it is now; the others name their events."""
_MAKING_DUE: Final = frozenset(("note_due", "note_touched"))


class StoredCalculationsDue:
    """`commands.ports.calculation.CalculationsDue`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def note(self) -> int:
        """See the port. The position is stored in the same transaction as what was found."""
        due, more = 0, True
        while more:
            async with self._pool.connection() as connection, connection.transaction():
                found, more = await _note(connection)
            due += found
        return due

    async def claim(self, limit: int, patience: Patience) -> Sequence[Due]:
        """See the port."""
        asked = {
            "limit": limit,
            "pause": patience.pause,
            "longest": patience.longest,
            "lease": patience.lease,
        }
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_SQL["claim_due"], asked)).fetchall()
        return [Due(*row) for row in rows]

    async def settle(self, settled: Sequence[Settled], given_back: Sequence[Due] = ()) -> None:
        """See the port."""
        async with self._pool.connection() as connection:
            if settled:
                done = {
                    "invoices": [s.due.invoice for s in settled],
                    "positions": [s.due.position for s in settled],
                    "inputs": [None if s.inputs is None else "\n".join(s.inputs) for s in settled],
                    "seen": [s.seen for s in settled],
                }
                await connection.execute(_SQL["settle"], done)
            if given_back:
                await connection.execute(_SQL["give_back"], {"invoices": [due.invoice for due in given_back]})


async def _note(connection: AsyncConnection[Any]) -> tuple[int, bool]:
    """One page of the feed; how many are due by it, and whether there is more."""
    row = await (await connection.execute(_SQL["feed_read"])).fetchone()
    if row is None:
        begun = await connection.execute(_SQL["begin_feed"])
        return 0, begun.rowcount == 1
    after = int(row[0])
    head = await (await connection.execute(_SQL["feed_head"])).fetchone()
    last = int(head[0]) if head else 0
    if last <= after:
        return 0, False
    page = {"after": after, "upto": min(last, after + PAGE)}
    types = await types_between(connection, page["after"], page["upto"])
    due = 0
    for step in _STEPS:
        if step == "note_touched" or reads_any(_SQL[step], types):
            found = (await connection.execute(_SQL[step], page)).rowcount
            due += found if step in _MAKING_DUE else 0
    await connection.execute(_SQL["feed_done"], page)
    return due, page["upto"] < last
