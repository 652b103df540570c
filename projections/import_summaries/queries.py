"""What can be asked of the import summaries."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from domain.operations.events import ProviderSummary
from projections.import_summaries.rows import SummaryMailRow
from projections.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class DaySummary:
    """A day of imports, provider by provider, and its mail; None: none was built."""

    day: date
    providers: tuple[ProviderSummary, ...]
    mail: SummaryMailRow | None


class ImportSummaryQueries(Protocol):
    """Days on which an attempt ended, an invoice changed, a list failed, or a summary was built; the latest first."""

    async def page(
        self, page: PageRequest, *, provider: str | None = None, from_: date | None = None, to: date | None = None
    ) -> Page[DaySummary]:
        """A page of days; `from_` and `to` are included. Rejected for a cursor that is none of the list."""
        ...

    async def day(self, day: date, *, provider: str | None = None) -> DaySummary:
        """One day; without any provider when nothing happened."""
        ...

    async def unsent(self) -> list[SummaryMailRow]:
        """Summaries whose mail is not out: problems."""
        ...
