"""Writers of rows that ride in a save's transaction: before the order lock is taken, events last."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from psycopg import AsyncConnection

from adapters.line_store.outlines import put_outlines
from adapters.sql_files import load_sql
from commands.ports.early_lines import IncludeLines
from commands.ports.event_store import Save
from commands.ports.line_store import CopyLines, Finding, PutFindings, PutWarnings, UseResolution

_SQL = load_sql("adapters.line_store")


async def copy_lines(connection: AsyncConnection[Any], lines: CopyLines, _: Save | None = None) -> None:
    """Canonical rows, each led by its population, as they are, and their outlines."""
    async with connection.cursor() as cursor, cursor.copy(_SQL["copy_in"]) as copy:
        for content in lines.content:
            await copy.write(content)
    if lines.outlines:
        await put_outlines(connection, lines.population, lines.outlines)


async def put_findings(connection: AsyncConnection[Any], rows: PutFindings, _: Save) -> None:
    """Replace what the attempt's last try found."""
    key = {"provider_invoice": rows.provider_invoice, "attempt": rows.attempt}
    await connection.execute(_SQL["lock_findings"], {"provider_invoice": str(rows.provider_invoice)})
    await connection.execute(_SQL["forget_findings"], key)
    await _copy(connection, "put_findings", (rows.provider_invoice, rows.attempt), rows.findings)


async def put_warnings(connection: AsyncConnection[Any], rows: PutWarnings, _: Save | None = None) -> None:
    """Keep what was odd about the lines of a part."""
    await _copy(connection, "put_warnings", (rows.population,), rows.findings)


async def use_resolution(connection: AsyncConnection[Any], rows: UseResolution, _: Save) -> None:
    """Fix what an attempt is activated with."""
    await connection.execute(
        _SQL["use_resolution"],
        {"provider_invoice": rows.provider_invoice, "attempt": rows.attempt, "resolution": rows.resolution},
    )


async def include_lines(connection: AsyncConnection[Any], rows: IncludeLines, _: Save) -> None:
    """What an offer of lines that were excluded at first has. Who comes second loses by its version, not here."""
    early = rows.early
    values = {
        "offer": rows.offer,
        "resolution": early.resolution,
        "customer": early.customer,
        "since": early.since,
        "until": early.until,
        "numbers": list(early.numbers),
        "first_day": early.first_day,
        "last_day": early.last_day,
    }
    await connection.execute(_SQL["include_lines"], values)


async def _copy(
    connection: AsyncConnection[Any], statement: str, key: tuple[object, ...], findings: Sequence[Finding]
) -> None:
    if not findings:
        return
    async with connection.cursor() as cursor, cursor.copy(_SQL[statement]) as copy:
        for number, f in enumerate(findings, 1):
            first_lines = list(f.first_lines)
            await copy.write_row((*key, number, f.kind, f.reference, f.name, f.lines, first_lines, f.amount, f.hint))


ROW_WRITERS: Final[Mapping[type, Callable[[AsyncConnection[Any], Any, Save], Awaitable[None]]]] = MappingProxyType(
    {
        CopyLines: copy_lines,
        PutFindings: put_findings,
        PutWarnings: put_warnings,
        UseResolution: use_resolution,
        IncludeLines: include_lines,
    }
)
"""By the class of a value in `Save.rows`, for the event store."""
