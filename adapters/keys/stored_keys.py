"""Looking keys up: one indexed row, remembered for at most two seconds."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.sql_files import load_sql
from commands.ports.keys import KnownKey

_SQL = load_sql("adapters.keys")
CACHE_SECONDS: Final = 2.0
"""A revocation takes effect everywhere within this time."""
CACHE_SIZE: Final = 10_000
"""Oldest entries go first: an attacker's guesses can push keys out, which costs look-ups, not memory."""


class StoredKeys:
    """`commands.ports.keys.Keys` on PostgreSQL. `clock` is a monotonic one, in seconds."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]", clock: Callable[[], float]) -> None:
        self._pool = pool
        self._clock = clock
        self._cache: OrderedDict[str, tuple[float, KnownKey | None]] = OrderedDict()

    async def find(self, secret_sha256: str) -> KnownKey | None:
        """The key; None when no such one was ever made."""
        cached = self._cache.get(secret_sha256)
        asked = self._clock()
        if cached is not None and asked - cached[0] < CACHE_SECONDS:
            return cached[1]
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SQL["find_key"], {"secret_sha256": secret_sha256})
            row = await cursor.fetchone()
        known = None if row is None else _known(row)
        self._cache[secret_sha256] = (asked, known)
        self._cache.move_to_end(secret_sha256)
        if len(self._cache) > CACHE_SIZE:
            self._cache.popitem(last=False)
        return known

    def forget(self) -> None:
        """Ask again from now on: what this process revoked is refused by it at once."""
        self._cache.clear()

    async def all(self) -> Sequence[KnownKey]:
        """All keys, newest first."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SQL["list_keys"])
            return [_known(row) for row in await cursor.fetchall()]


def _known(row: tuple[Any, ...]) -> KnownKey:
    key, subject, roles, delegate, expires_at, revoked = row
    return KnownKey(key, subject, frozenset(roles), delegate, expires_at, revoked)
