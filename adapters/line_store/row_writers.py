"""Writers of rows that ride in a save's transaction: before the order lock is taken, events last."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from psycopg import AsyncConnection

from adapters.sql_files import load_sql
from commands.ports.event_store import Save
from commands.ports.line_store import CopyLines, PutFindings, UseResolution

_SQL = load_sql("adapters.line_store")


async def copy_lines(connection: AsyncConnection[Any], lines: CopyLines, _: Save | None = None) -> None:
    """Canonical rows, each led by its population, as they are."""
    async with connection.cursor() as cursor, cursor.copy(_SQL["copy_in"]) as copy:
        for content in lines.content:
            await copy.write(content)


async def put_findings(connection: AsyncConnection[Any], rows: PutFindings, _: Save) -> None:
    """Replace what the attempt's last try found."""
    key = {"provider_invoice": rows.provider_invoice, "attempt": rows.attempt, "severity": rows.severity}
    await connection.execute(_SQL["forget_findings"], key)
    if not rows.findings:
        return
    async with connection.cursor() as cursor, cursor.copy(_SQL["put_findings"]) as copy:
        for number, found in enumerate(rows.findings, 1):
            await copy.write_row(
                (
                    rows.provider_invoice,
                    rows.attempt,
                    rows.severity,
                    number,
                    found.kind,
                    found.reference,
                    found.name,
                    found.lines,
                    list(found.first_lines),
                    found.amount,
                    found.hint,
                )
            )


async def use_resolution(connection: AsyncConnection[Any], rows: UseResolution, _: Save) -> None:
    """Fix what an attempt is activated with."""
    await connection.execute(
        _SQL["use_resolution"],
        {"provider_invoice": rows.provider_invoice, "attempt": rows.attempt, "resolution": rows.resolution},
    )


ROW_WRITERS: Final[Mapping[type, Callable[[AsyncConnection[Any], Any, Save], Awaitable[None]]]] = MappingProxyType(
    {CopyLines: copy_lines, PutFindings: put_findings, UseResolution: use_resolution}
)
"""By the class of a value in `Save.rows`, for the event store."""
