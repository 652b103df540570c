"""Queries of the reference data. Personal fields are opened here, when they are asked for."""

from dataclasses import replace
from typing import Final

from psycopg import sql
from psycopg.types.json import Jsonb

from adapters.read_models.reading import Reader, beginning, columns, composed, part
from adapters.read_models.reveal import Revealer
from adapters.sql_files import load_sql
from projections.paging import Page, PageRequest
from projections.reference_list.fold import PERSONAL_NAMES
from projections.reference_list.queries import ReferenceFilter
from projections.reference_list.rows import ReferenceRow

_SQL: Final = load_sql(__package__)
MOST_SEARCHED: Final = 20_000
"""Personal names that a search opens at most, the latest first."""
PAGE: Final = composed(_SQL, "page", columns=columns(ReferenceRow))
GET: Final = composed(_SQL, "get", columns=columns(ReferenceRow))


class PostgresReferenceList:
    """See `projections.reference_list.queries`."""

    def __init__(self, reader: Reader, revealer: Revealer) -> None:
        self._reader = reader
        self._revealer = revealer

    async def page(self, kind: str, wanted: ReferenceFilter, page: PageRequest) -> Page[ReferenceRow]:
        """See the port."""
        cursor = page.after(1)
        values = {
            "kind": kind,
            "retired": wanted.retired,
            "search": part(wanted.search),
            "named": await self._named(kind, wanted.search),
            "body": None if wanted.body is None else Jsonb(wanted.body),
            "identifier_of": None if wanted.identifier_of is None else Jsonb([{"provider": wanted.identifier_of}]),
            "after": cursor[0] if cursor else None,
        }
        found = await self._reader.page(PAGE, values, page, lambda v: ReferenceRow(*v), lambda row: (row.code,))
        return replace(found, items=await self._opened(kind, list(found.items)))

    async def get(self, kind: str, code: str) -> ReferenceRow | None:
        """See the port."""
        found = await self._reader.one(GET, (kind, code))
        return None if found is None else (await self._opened(kind, [ReferenceRow(*found)]))[0]

    async def suggest(self, kind: str, text: str, limit: int = 10) -> list[tuple[str, str | None]]:
        """See the port."""
        values = {
            "kind": kind,
            "starts": beginning(text),
            "has": part(text),
            "named": await self._named(kind, text),
            "limit": limit,
        }
        found = await self._reader.all(sql.SQL(_SQL["suggest"]), values)
        if kind not in PERSONAL_NAMES:
            return [(code, name) for code, name in found]
        opened = [await self.get(kind, code) for code, _ in found]
        return [(row.code, row.name) for row in opened if row is not None]

    async def _named(self, kind: str, text: str | None) -> list[str]:
        """Codes of those whose encrypted name has a text: their names are opened for it, and kept nowhere."""
        if text is None or kind not in PERSONAL_NAMES:
            return []
        stored = await self._reader.all(sql.SQL(_SQL["stored_names"]), (kind, MOST_SEARCHED))
        names = await self._revealer.texts([name for _, name in stored])
        wanted = text.casefold()
        return [code for (code, _), name in zip(stored, names, strict=True) if name and wanted in name.casefold()]

    async def _opened(self, kind: str, rows: list[ReferenceRow]) -> list[ReferenceRow]:
        bodies = await self._revealer.bodies(kind, [r.body for r in rows])
        return [
            row._replace(body=body, name=row.name if row.name is not None else body.get("name"))
            for row, body in zip(rows, bodies, strict=True)
        ]
