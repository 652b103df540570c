"""Queries of the provider invoice list."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final
from uuid import UUID

from psycopg import sql

from adapters.read_models.cursors import by_period, period_cursor
from adapters.read_models.reading import Reader, Values, any_of, columns, composed, names, part
from adapters.sql_files import load_sql
from projections.paging import Page, PageRequest
from projections.provider_invoices.queries import ProviderInvoiceFilter, ProviderInvoiceItem, UsageProgress
from projections.provider_invoices.rows import ProviderInvoiceRow, UsageRow

_SQL: Final = load_sql(__package__)
_WIDTH: Final = len(names(ProviderInvoiceRow))
_PARTS: Final[dict[str, sql.Composable]] = {
    "columns": columns(ProviderInvoiceRow),
    "usage": sql.SQL(_SQL["usage_columns"]),
    "usage_join": sql.SQL(_SQL["usage_join"]),
    "incomplete": sql.SQL(_SQL["incomplete"]),
}
PAGE: Final = composed(_SQL, "page", **_PARTS)
GET: Final = composed(_SQL, "get", **_PARTS)
USAGE: Final = composed(_SQL, "usage", columns=columns(UsageRow))
OF_PROVIDER: Final = composed(_SQL, "of_provider", columns=columns(ProviderInvoiceRow))


class PostgresProviderInvoices:
    """See `projections.provider_invoices.queries`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(self, wanted: ProviderInvoiceFilter, page: PageRequest) -> Page[ProviderInvoiceItem]:
        """See the port."""
        values = {
            **asdict(wanted),
            **by_period(page),
            "number": part(wanted.number),
            "statuses": any_of(wanted.statuses),
            "status_reasons": any_of(wanted.status_reasons),
            "reasons": any_of(wanted.reasons),
        }
        return await self._reader.page(PAGE, values, page, _item, lambda i: period_cursor(i.row))

    async def get(self, invoice: UUID) -> ProviderInvoiceItem | None:
        """See the port."""
        found = await self._reader.one(GET, (invoice,))
        return None if found is None else _item(found)

    async def usage(self, invoice: UUID, attempt: int | None = None) -> Sequence[UsageRow]:
        """See the port."""
        found = await self._reader.all(USAGE, {"invoice": invoice, "attempt": attempt})
        return [UsageRow(*row) for row in found]

    async def of_provider(self, provider: str, numbers: Sequence[str]) -> Sequence[ProviderInvoiceRow]:
        """See the port."""
        found = await self._reader.all(OF_PROVIDER, (provider, list(numbers)))
        return [ProviderInvoiceRow(*row) for row in found]


def _item(values: Values) -> ProviderInvoiceItem:
    usage = values[_WIDTH:-1]
    progress = UsageProgress(*usage) if usage[0] else None
    return ProviderInvoiceItem(ProviderInvoiceRow(*values[:_WIDTH]), progress, values[-1])
