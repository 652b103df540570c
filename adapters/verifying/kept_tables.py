"""Tables that are kept beside the record by triggers, compared with what they are kept from."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.sql_files import load_sql
from domain.reference.kinds import KINDS

_SQL = load_sql("adapters.verifying")
NAMED: Final = 100
"""Rows of one table that a finding is made of; of more there is only the number."""
_TREE: Final = "cluster-tree"
"""Kept for its position only."""


@dataclass(frozen=True, slots=True)
class Unlike:
    """One table, or a part of it: how many rows there are, and those that are not what they should be."""

    part: str
    rows: int
    findings: tuple[str, ...]


class KeptTables:
    """Each comparison is one statement, so of one moment. The pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def reference_kinds(self) -> Sequence[str]:
        """All kinds that are kept or should be."""
        there = [row[0] for row in await self._all("reference_kinds", {})]
        return sorted({*KINDS, _TREE, *there})

    async def reference(self, kinds: Sequence[str]) -> AsyncIterator[Unlike]:
        """`reference_present`, kind by kind, beside what the events of reference data come to."""
        for kind in kinds:
            asked = {"kind": kind, "limit": NAMED}
            ((rows,),) = await self._all("reference_rows", asked)
            found = await self._all("reference_unlike", asked)
            yield Unlike(kind, int(rows), _named(found, f"{kind} "))

    async def counts(self) -> Unlike:
        """The kept counts of the invoice list and the kept numbers, beside the list."""
        ((rows,),) = await self._all("counts_kept", {})
        found = [_named(await self._all(name, {"limit": NAMED}), "") for name in ("counts_unlike", "numbers_unlike")]
        return Unlike("invoice_counts", int(rows), (*found[0], *found[1]))

    async def _all(self, name: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            return await (await connection.execute(_SQL[name], values)).fetchall()


def _named(found: Sequence[tuple[Any, ...]], prefix: str) -> tuple[str, ...]:
    named = tuple(f"{prefix}{what}: {why}" for what, why, _ in found)
    more = found[0][2] - len(found) if found else 0
    return (*named, f"{prefix}and {more:,} more") if more else named
