"""`ledgerline keys`: API keys, made and revoked at the terminal."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer

from services.cli.output import console, fail, say_json

app = typer.Typer(help="Make and revoke API keys.", no_args_is_help=True)


@app.command()
def create(
    subject: Annotated[str, typer.Argument(help="The person or service that the key belongs to.")],
    role: Annotated[list[str], typer.Option(help="viewer, operator, approver, auditor or admin; repeat for more.")],
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="Days until it expires; never unless given.")
    ] = None,
    delegate: Annotated[bool, typer.Option(help="The key may name the person it acts for.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make an API key. Its secret is printed once and never again."""
    from commands.keys.create import MadeKey, create_key
    from domain.rejected import Rejected
    from services.operator_origin import operator_origin
    from services.settings import load_settings
    from services.wiring import open_parts

    async def run() -> MadeKey:
        async with open_parts(load_settings()) as parts:
            expires = None if days is None else datetime.now(UTC) + timedelta(days=days)
            done = await create_key(
                parts.store,
                operator_origin(parts, "keys-create"),
                subject=subject,
                roles=role,
                entropy=secrets.token_bytes(32),
                delegate=delegate,
                expires_at=expires,
            )
            return done.outcome

    try:
        made = asyncio.run(run())
    except Rejected as refused:
        raise fail(refused.detail) from None
    if as_json:
        say_json({"id": made.key, "subject": made.subject, "roles": made.roles, "secret": made.secret})
    else:
        console.print(f"Key {made.key} of {made.subject} ({', '.join(made.roles)}). Its secret, shown only now:")
        console.print(made.secret, markup=False, soft_wrap=True)


@app.command()
def revoke(
    key: Annotated[UUID, typer.Argument(help="The key's id.")],
    reason: Annotated[str | None, typer.Option(help="Why; kept in its history.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Revoke an API key: it opens nothing any more, everywhere within two seconds."""
    from commands.keys.revoke import revoke_key
    from domain.rejected import Rejected
    from services.operator_origin import operator_origin
    from services.settings import load_settings
    from services.wiring import open_parts

    async def run() -> None:
        async with open_parts(load_settings()) as parts:
            await revoke_key(parts.store, operator_origin(parts, "keys-revoke"), key, reason)

    try:
        asyncio.run(run())
    except Rejected as refused:
        raise fail(refused.detail) from None
    if as_json:
        say_json({"id": key, "status": "revoked"})
        return
    console.print(f"Key {key} is revoked.")
