"""Reading from blocking code."""

import psycopg
import pytest

from adapters.event_store import Codec, PostgresEventStore
from adapters.event_store.reader import EventReader
from commands.ports.event_store import StoreUnavailable
from tests.adapters.event_store.samples import appended, product


@pytest.fixture
async def record(database: str) -> str:
    async with await PostgresEventStore.open(database, Codec()) as store:
        for code in "ABA":
            await appended(store, code, "x", "y")
    return database


async def test_rows_are_what_the_store_reads(record: str) -> None:
    async with await PostgresEventStore.open(record, Codec()) as store:
        records = await store.read(after=0, limit=10)
    with EventReader(record, Codec()) as reader:
        rows = reader.read(0, 10)
        assert reader.decode(rows) == records
        assert [row.data for row in rows] == [record.data for record in records]
        assert reader.head() == 6


def test_parts_types_and_kinds(record: str) -> None:
    with EventReader(record) as reader:
        assert [row.position for row in reader.read(2, 2)] == [3, 4]
        assert [row.position for row in reader.read(2, 10, upto=3)] == [3]
        assert reader.read(0, 10, types=["product.saved"]) == []
        assert len(reader.read(0, 10, types=["product.retired"], kinds=["product", "customer"])) == 6
        assert [row.version for row in reader.history(product("A"), after=1, limit=2)] == [2, 3]


def test_without_a_codec_nothing_is_decoded(record: str) -> None:
    with EventReader(record) as reader, pytest.raises(ValueError, match="without a codec"):
        reader.decode(reader.read(0, 1))


def test_a_dead_connection_is_made_anew(record: str) -> None:
    with EventReader(record) as reader:
        assert reader.head() == 6
        with psycopg.connect(record, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name = 'ledgerline reader'"
            )
        assert reader.head() == 6


def test_a_database_that_is_away_is_named_as_such() -> None:
    with EventReader("postgresql://127.0.0.1:1/none") as reader, pytest.raises(StoreUnavailable):
        reader.head()
