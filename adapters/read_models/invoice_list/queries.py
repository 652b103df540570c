"""Queries of the customer invoice list."""

from dataclasses import asdict, replace
from datetime import date
from typing import Final
from uuid import UUID

from psycopg import sql

from adapters.read_models.cursors import by_period, period_cursor
from adapters.read_models.reading import Reader, Values, any_of, columns, composed, names, part
from adapters.read_models.reveal import Revealer
from adapters.sql_files import load_sql
from projections.invoice_list.queries import InvoiceFilter, InvoiceItem
from projections.invoice_list.rows import InvoiceRow
from projections.paging import Page, PageRequest

_SQL: Final = load_sql(__package__)
_WIDTH: Final = len(names(InvoiceRow))
_PARTS: Final[dict[str, sql.Composable]] = {
    "columns": columns(InvoiceRow),
    "customer": sql.SQL(_SQL["customer_columns"]),
    "customer_join": sql.SQL(_SQL["customer_join"]),
    "incomplete": sql.SQL(_SQL["incomplete"]),
}
PAGE: Final = composed(_SQL, "page", **_PARTS)
GET: Final = composed(_SQL, "get", **_PARTS)


class PostgresInvoiceList:
    """See `projections.invoice_list.queries`."""

    def __init__(self, reader: Reader, revealer: Revealer) -> None:
        self._reader = reader
        self._revealer = revealer

    async def page(self, wanted: InvoiceFilter, page: PageRequest, today: date) -> Page[InvoiceItem]:
        """See the port."""
        values = {
            **asdict(wanted),
            **by_period(page),
            "today": today,
            "reference": part(wanted.reference),
            "number": part(wanted.number),
            "statuses": any_of(wanted.statuses),
            "types": any_of(wanted.types),
        }
        found = await self._reader.page(PAGE, values, page, _item, lambda i: period_cursor(i.row))
        return replace(found, items=await self._named(list(found.items)))

    async def get(self, invoice: UUID) -> InvoiceItem | None:
        """See the port."""
        found = await self._reader.one(GET, (invoice,))
        return None if found is None else (await self._named([_item(found)]))[0]

    async def _named(self, items: list[InvoiceItem]) -> list[InvoiceItem]:
        open_names = await self._revealer.texts([i.customer_name for i in items])
        return [replace(i, customer_name=name) for i, name in zip(items, open_names, strict=True)]


def _item(values: Values) -> InvoiceItem:
    return InvoiceItem(InvoiceRow(*values[:_WIDTH]), *values[_WIDTH:])
