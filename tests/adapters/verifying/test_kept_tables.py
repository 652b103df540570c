"""Damage of tables that triggers keep is named, piece by piece."""

import psycopg
import pytest

from adapters.verifying import KeptTables, kept_tables
from tests.support.shop import open_shop


@pytest.fixture
async def shop(database, tmp_path):
    async with open_shop(database, tmp_path) as opened:
        await opened.world()
        await opened.save("cluster", code="EU", name="Europe")
        yield opened


async def reference(shop):
    tables = KeptTables(shop.pool)
    found = [unlike async for unlike in tables.reference(await tables.reference_kinds())]
    return sum(unlike.rows for unlike in found), [finding for unlike in found for finding in unlike.findings]


def damage(database, *statements):
    with psycopg.connect(database) as connection:
        connection.execute("SET session_replication_role = replica")  # past the triggers
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, statement


async def test_what_nobody_touched_is_sound(shop):
    await shop.save("customer", code="C1", name="Again", bill_from="2026-01-01")
    rows, findings = await reference(shop)
    assert (rows >= 5, findings) == (True, [])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("body = jsonb_set(body, '{bill_from}', '\"2020-01-01\"')", "customer C1: body differs"),
        ("in_force = false", "customer C1: in force differs"),
        ("version = 7, position = position + 1", "customer C1: version, position differs"),
        ('body = body || \'{"name": "kept though it is personal"}\'', "customer C1: body differs"),
    ],
)
async def test_a_changed_row(shop, database, change, told):
    damage(database, f"UPDATE reference_present SET {change} WHERE kind = 'customer' AND code = 'C1'")
    assert (await reference(shop))[1] == [told]


async def test_rows_that_are_missing_or_that_no_event_made(shop, database, monkeypatch):
    damage(
        database,
        "DELETE FROM reference_present WHERE kind = 'customer' AND code = 'C2'",
        "INSERT INTO reference_present SELECT 'customer', 'C9', 1, 1, true, '{}'",
        "INSERT INTO reference_present SELECT 'dragon', 'D1', 1, 1, true, '{}'",
    )
    assert (await reference(shop))[1] == [
        "customer C2: it is missing",
        "customer C9: there is no event of it",
        "dragon D1: there is no event of it",
    ]
    monkeypatch.setattr(kept_tables, "NAMED", 1)
    assert "customer and 1 more" in (await reference(shop))[1]


async def test_an_event_that_went_by_the_triggers(shop, database):
    damage(
        database,
        "INSERT INTO stored_events SELECT (jsonb_populate_record(e, jsonb_build_object('notification_id', 900, "
        "'originator_version', 2, 'commit_id', 900))).* FROM stored_events e WHERE topic = 'cluster.saved'",
    )
    assert (await reference(shop))[1] == ["cluster EU: version, position differs"]
