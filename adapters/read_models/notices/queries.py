"""Queries of the notices."""

from typing import Final

from adapters.read_models.cursors import checked
from adapters.read_models.reading import Reader, columns, composed
from adapters.sql_files import load_sql
from projections.notices.fold import NoticeRow
from projections.paging import Page, PageRequest

PAGE: Final = composed(load_sql(__package__), "page", columns=columns(NoticeRow))


class PostgresNotices:
    """See `projections.notices.queries`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(self, page: PageRequest, *, unsent: bool = False) -> Page[NoticeRow]:
        """See the port."""
        cursor = page.after(1)
        values = {"unsent": unsent, "after": checked(int, cursor[0]) if cursor else None}
        return await self._reader.page(
            PAGE, values, page, lambda v: NoticeRow(*v), lambda row: (str(row.created_position),)
        )
