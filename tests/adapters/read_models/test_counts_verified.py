"""Kept counts of the invoice list that are not what the list comes to are named by `ledgerline verify`."""

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from adapters.verifying import KeptTables
from tests.adapters.read_models.test_invoice_list import more_history


@pytest.fixture
async def tables(database, project):
    project(more_history())
    async with AsyncConnectionPool(database, kwargs={"autocommit": True}, min_size=1, max_size=1, open=False) as pool:
        yield KeptTables(pool)


async def test_counts_that_nobody_touched_are_sound(tables):
    found = await tables.counts()
    assert (found.rows > 5, found.findings) == (True, ())


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE read_models.invoice_counts SET n = n + 1 WHERE what = 'all' AND status = 'error'",
         "all error periodical empty: 2 kept, 1 counted"),
        ("DELETE FROM read_models.invoice_counts WHERE what = 'all' AND status = 'error'",
         "all error periodical empty: 0 kept, 1 counted"),
        ("DELETE FROM read_models.invoice_list WHERE status = 'error'",
         "all error periodical empty: 1 kept, 0 counted"),
        ("UPDATE read_models.invoice_numbers SET taken = taken >> 1",
         "numbers inv-2026-000???: 1 kept, 1 listed"),
        ("DELETE FROM read_models.invoice_numbers",
         "numbers inv-2026-000???: 0 kept, 1 listed"),
    ],
)  # fmt: skip
async def test_a_wrong_count(tables, database, damage, told):
    with psycopg.connect(database) as connection:
        connection.execute("SET session_replication_role = replica")  # past the triggers that keep them
        assert connection.execute(damage).rowcount == 1
    assert told in (await tables.counts()).findings
