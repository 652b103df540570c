"""Writers of the rows that ride in a save's transaction; they run before the order lock is taken."""

from typing import Any

from psycopg import AsyncConnection

from adapters.sql_files import load_sql
from commands.ports.event_store import Save
from commands.reference.rows import IdentifierRows, IdentifierTaken, ProviderRows

_SQL = load_sql("adapters.reference")


async def write_identifiers(connection: AsyncConnection[Any], rows: IdentifierRows, _save: Save) -> None:
    """Replace the identifiers of the codes; IdentifierTaken when another code holds one in its period.

    READ COMMITTED is needed: what was committed while the lock was waited for has to be seen.
    """
    codes = [code for code, _ in rows.holders]
    wanted = [(code, i) for code, identifiers in rows.holders for i in identifiers]
    if wanted:
        keys = sorted({f"{rows.kind}:{i.provider}:{i.identifier}" for _, i in wanted})
        await connection.execute(_SQL["lock_identifiers"], {"keys": keys})
    await connection.execute(_SQL["forget_identifiers"], {"kind": rows.kind, "codes": codes})
    if not wanted:
        return
    columns = {
        "kind": rows.kind,
        "codes": [code for code, _ in wanted],
        "providers": [i.provider for _, i in wanted],
        "identifiers": [i.identifier for _, i in wanted],
        "froms": [i.valid_from for _, i in wanted],
        "tos": [i.valid_to for _, i in wanted],
    }
    cursor = await connection.execute(_SQL["find_taken_identifier"], columns)
    taken = await cursor.fetchone()
    if taken is not None:
        provider, identifier, wanted_by, holder, since, until = taken
        raise IdentifierTaken(rows.kind, provider, identifier, wanted_by, holder, (since, until))
    await connection.execute(_SQL["add_identifiers"], columns)


async def write_provider(connection: AsyncConnection[Any], rows: ProviderRows, _save: Save) -> None:
    """Put the provider into the list of providers, and replace its identifiers that are not resold."""
    await connection.execute(_SQL["put_provider"], {"code": rows.code, "in_force": rows.in_force})
    await connection.execute(_SQL["forget_not_resold"], {"code": rows.code})
    if rows.not_resold:
        await connection.execute(
            _SQL["add_not_resold"],
            {
                "code": rows.code,
                "kinds": [n.kind for n in rows.not_resold],
                "identifiers": [n.identifier for n in rows.not_resold],
                "reasons": [n.reason for n in rows.not_resold],
            },
        )
