"""Queries of the reference data. Personal fields are opened here, when they are asked for."""

from dataclasses import replace
from typing import Final

from psycopg import sql
from psycopg.types.json import Jsonb

from adapters.read_models.reading import Reader, beginning, columns, composed, part
from adapters.read_models.reveal import Revealer
from adapters.sql_files import load_sql
from projections.paging import Page, PageRequest
from projections.reference_list.queries import ReferenceFilter
from projections.reference_list.rows import ReferenceRow

_SQL: Final = load_sql(__package__)
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
        values = {"kind": kind, "starts": beginning(text), "has": part(text), "limit": limit}
        return [(code, name) for code, name in await self._reader.all(sql.SQL(_SQL["suggest"]), values)]

    async def _opened(self, kind: str, rows: list[ReferenceRow]) -> list[ReferenceRow]:
        bodies = await self._revealer.bodies(kind, [r.body for r in rows])
        return [
            row._replace(body=body, name=row.name if row.name is not None else body.get("name"))
            for row, body in zip(rows, bodies, strict=True)
        ]
