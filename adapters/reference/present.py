"""Present reference data for commands: read from its streams, or of many pieces from the table beside them.

Neither is ever behind a command that was answered.

What was folded is kept in the process, by version; loads that callers ask for at the same time go as one query.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.reference.present_table import PresentTable
from adapters.sql_files import load_sql
from commands.ports.event_store import EventStore, History
from commands.ports.reference import KnownProvider
from domain.identity import reference_stream
from domain.reference.bodies import CustomerBody, ProviderBody
from domain.reference.state import Absent, InForce, fold

_SQL = load_sql("adapters.reference")


class StoredReference(PresentTable):
    """`commands.ports.reference.Reference` on the event store and the list of providers."""

    def __init__(self, store: EventStore, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        super().__init__(pool)
        self._store = store
        self._known: dict[str, tuple[int, KnownProvider | None]] = {}

    async def provider(self, code: str) -> KnownProvider | None:
        """A provider that is not retired."""
        # Callers that ask at the same time share one load; what was folded is kept while the version is the same.
        history = await self._store.load(reference_stream("provider", code))
        version, known = self._known.get(code, (0, None))
        if version != history.version:
            known = _known(history)
            self._known[code] = (history.version, known)
        return known

    async def provider_as_seen(self, code: str) -> KnownProvider | None:
        """See the port. One that was not there is looked for again."""
        _, known = self._known.get(code, (0, None))
        return known or await self.provider(code)

    async def providers(self) -> Sequence[KnownProvider]:
        """All providers that are not retired, by code."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SQL["list_providers"])
            codes = [str(row[0]) for row in await cursor.fetchall()]
        found = await asyncio.gather(*(self.provider(code) for code in codes))
        return [known for known in found if known is not None]

    async def customer_names(self, codes: Sequence[str]) -> Mapping[str, str]:
        """Code -> name of those customers that exist; that of an erased one is `[erased]`."""
        streams = {reference_stream("customer", code): code for code in dict.fromkeys(codes)}
        names: dict[str, str] = {}
        for stream, history in (await self._store.load_many(list(streams))).items():
            state = fold(history.facts)
            if not isinstance(state, Absent) and isinstance(state.body, CustomerBody):
                names[streams[stream]] = state.body.name
        return names

    async def billed_from(self, codes: Sequence[str]) -> Mapping[str, date]:
        """Code -> the day from which a customer is billed, of those customers that have one."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_SQL["billed_from"], {"codes": list(codes)})).fetchall()
        return {code: date.fromisoformat(day) for code, day in rows}


def _known(history: History) -> KnownProvider | None:
    state = fold(history.facts)
    if isinstance(state, InForce) and isinstance(state.body, ProviderBody):
        return KnownProvider(history.stream.id, state.version, state.body, replace(history, facts=()))
    return None
