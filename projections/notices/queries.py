"""What can be asked of the notices."""

from typing import Protocol

from projections.notices.fold import NoticeRow
from projections.paging import Page, PageRequest


class NoticeQueries(Protocol):
    """Notices, the latest first."""

    async def page(self, page: PageRequest, *, unsent: bool = False) -> Page[NoticeRow]:
        """A page of the list; `unsent`: only those that could not be mailed, which are problems."""
        ...
