"""The record on a real PostgreSQL, with the writers of reference data, keys and letters."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.event_store import Codec, PostgresEventStore
from adapters.keys import write_key_ended, write_key_made
from adapters.mail import write_outbox
from adapters.reference import write_identifiers, write_provider
from commands.keys.rows import KeyEnded, KeyMade
from commands.ports.outbox import OutboxRow
from commands.reference.desk import Desk
from commands.reference.rows import IdentifierRows, ProviderRows
from commands.reference.save import save
from domain.reference import decisions
from domain.reference.kinds import KINDS
from tests.support.memory_vault import MemoryKeyVault
from tests.support.origins import NOW, origin
from tests.support.reference import NoTemplates

WRITERS = {
    IdentifierRows: write_identifiers,
    ProviderRows: write_provider,
    KeyMade: write_key_made,
    KeyEnded: write_key_ended,
    OutboxRow: write_outbox,
}


@dataclass
class Record:
    """A store, and a pool of connections for what lies beside it."""

    store: PostgresEventStore
    pool: "AsyncConnectionPool[AsyncConnection[Any]]"

    @property
    def desk(self) -> Desk:
        return Desk(self.store, NoTemplates())

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.pool.connection() as connection:
            return await (await connection.execute(query)).fetchall()


@pytest.fixture
async def record(database: str) -> AsyncIterator[Record]:
    """A record of this test's own."""
    async with (
        await PostgresEventStore.open(database, Codec(MemoryKeyVault()), row_writers=WRITERS, pool_size=8) as store,
        AsyncConnectionPool(database, kwargs={"autocommit": True}, min_size=1, max_size=8, open=False) as pool,
    ):
        yield Record(store, pool)


@pytest.fixture
async def begun(record: Record) -> Record:
    """The record of a deployment that is in use for ten days."""
    body = decisions.parse(KINDS["product"], {"code": "FIRST", "name": "First"})
    await save(record.desk, origin(NOW - timedelta(days=10)), KINDS["product"], body)
    return record
