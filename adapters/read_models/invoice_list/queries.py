"""Queries of the customer invoice list."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from adapters.read_models.cursors import period_cursor
from adapters.read_models.invoice_list.statement import GET, TREE, Search
from adapters.read_models.reading import Reader, Values, names
from adapters.read_models.reveal import Revealer
from projections.invoice_list.queries import InvoiceFilter, InvoiceItem
from projections.invoice_list.rows import InvoiceRow
from projections.paging import MAX_LIMIT, Page, PageRequest

_WIDTH: Final = len(names(InvoiceRow))


class PostgresInvoiceList:
    """See `projections.invoice_list.queries`."""

    def __init__(self, reader: Reader, revealer: Revealer) -> None:
        self._reader = reader
        self._revealer = revealer

    async def page(
        self, wanted: InvoiceFilter, page: PageRequest, today: date, now: datetime | None = None
    ) -> Page[InvoiceItem]:
        """See the port."""
        clusters = await self.clusters(wanted.cluster, descendants=wanted.descendants)
        return await self.named(await self._page(wanted, page, today, now, clusters))

    async def rows(self, wanted: InvoiceFilter, today: date, now: datetime, limit: int) -> Sequence[InvoiceRow]:
        """See the port."""
        clusters = await self.clusters(wanted.cluster, descendants=wanted.descendants)
        found: list[InvoiceRow] = []
        cursor: str | None = None
        while True:
            page = await self._page(wanted, PageRequest(MAX_LIMIT, cursor, count=False), today, now, clusters)
            found += [item.row for item in page.items]
            cursor = page.next_cursor
            if cursor is None or len(found) > limit:
                return found[: limit + 1]

    async def _page(
        self, wanted: InvoiceFilter, page: PageRequest, today: date, now: datetime | None, clusters: Sequence[str]
    ) -> Page[InvoiceItem]:
        search = Search(wanted, page, today, now, clusters)
        return await self._reader.page(search.statement(), search.values, page, item_of, lambda i: period_cursor(i.row))

    async def named(self, page: Page[InvoiceItem]) -> Page[InvoiceItem]:
        """The page with its customers' names open."""
        return replace(page, items=await self._named(list(page.items)))

    async def clusters(self, cluster: str | None, *, descendants: bool) -> list[str]:
        """A cluster with those in it, when they are asked for; none for None."""
        if cluster is None or not descendants:
            return [] if cluster is None else [cluster]
        found = await self._reader.all(TREE, {"cluster": cluster, "descendants": descendants})
        return [code for (code,) in found]

    async def get(self, invoice: UUID) -> InvoiceItem | None:
        """See the port."""
        found = await self._reader.one(GET, (invoice,))
        return None if found is None else (await self._named([item_of(found)]))[0]

    async def _named(self, items: list[InvoiceItem]) -> list[InvoiceItem]:
        open_names = await self._revealer.texts([i.customer_name for i in items])
        return [replace(i, customer_name=name) for i, name in zip(items, open_names, strict=True)]


def item_of(values: Values) -> InvoiceItem:
    """The invoice's columns, its customer's, and since when an event waits."""
    return InvoiceItem(InvoiceRow(*values[:_WIDTH]), *values[_WIDTH:])
