"""Queries of the sync runs."""

from datetime import datetime
from typing import Final
from uuid import UUID

from adapters.read_models.cursors import checked
from adapters.read_models.reading import Reader, columns, composed
from adapters.sql_files import load_sql
from projections.paging import Page, PageRequest
from projections.sync_runs.fold import SyncRunRow

_SQL: Final = load_sql(__package__)
PAGE: Final = composed(_SQL, "page", columns=columns(SyncRunRow))
GET: Final = composed(_SQL, "get", columns=columns(SyncRunRow))


class PostgresSyncRuns:
    """See `projections.sync_runs.queries`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(self, page: PageRequest, *, provider: str | None = None) -> Page[SyncRunRow]:
        """See the port."""
        cursor = page.after(2)
        values = {
            "provider": provider,
            "after_at": checked(datetime.fromisoformat, cursor[0]) if cursor else None,
            "after_id": checked(UUID, cursor[1]) if cursor else None,
        }
        return await self._reader.page(
            PAGE, values, page, lambda v: SyncRunRow(*v), lambda row: (row.started_at.isoformat(), row.id)
        )

    async def get(self, sync: UUID) -> SyncRunRow | None:
        """See the port."""
        found = await self._reader.one(GET, (sync,))
        return None if found is None else SyncRunRow(*found)
