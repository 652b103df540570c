"""What can be asked of the sync runs."""

from typing import Protocol
from uuid import UUID

from projections.paging import Page, PageRequest
from projections.sync_runs.fold import SyncRunRow


class SyncRunQueries(Protocol):
    """Syncs, the latest first."""

    async def page(self, page: PageRequest, *, provider: str | None = None) -> Page[SyncRunRow]:
        """A page of the list; `provider` also finds those of all providers."""
        ...

    async def get(self, sync: UUID) -> SyncRunRow | None:
        """One sync."""
        ...
