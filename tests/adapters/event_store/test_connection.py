"""Connections that are made and never handed out."""

import asyncio
from typing import Any

import pytest
from psycopg import AsyncConnection

from adapters.event_store import connection as under_test


async def test_one_that_is_cancelled_while_it_is_prepared_is_closed(database: str, monkeypatch: pytest.MonkeyPatch):
    made: list[AsyncConnection[Any]] = []
    begun = asyncio.Event()

    async def never_ends(connection: AsyncConnection[Any]) -> None:
        made.append(connection)
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(under_test, "register_records", never_ends)
    connecting = asyncio.create_task(under_test.connect(database, "test"))
    await begun.wait()
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    assert made[0].closed
