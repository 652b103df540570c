"""Writers of the rows that ride in the transaction of a key's events."""

from typing import Any

from psycopg import AsyncConnection

from adapters.sql_files import load_sql
from commands.keys.rows import KeyEnded, KeyMade
from commands.ports.event_store import Save

_SQL = load_sql("adapters.keys")


async def write_key_made(connection: AsyncConnection[Any], rows: KeyMade, save: Save) -> None:
    """Let the key be found. Another process that made the same stream's key first: the append finds the conflict."""
    created = rows.created
    await connection.execute(
        _SQL["add_key"],
        {
            "secret_sha256": created.secret_sha256,
            "key": created.key,
            "subject": created.subject,
            "roles": list(created.roles),
            "delegate": created.delegate,
            "expires_at": created.expires_at,
            "created_at": save.origin.now,
        },
    )


async def write_key_ended(connection: AsyncConnection[Any], rows: KeyEnded, _save: Save) -> None:
    """Let the key be refused."""
    await connection.execute(_SQL["end_key"], {"key": rows.key})
