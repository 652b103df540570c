"""Queries of licences beside contract lines."""

from dataclasses import asdict
from typing import Any, Final

from psycopg import sql

from adapters.read_models.reading import Reader, composed
from adapters.sql_files import load_sql
from projections.contract_lines.queries import BilledNotBought, BoughtNotBilled, LicenceFilter
from projections.paging import Page, PageRequest

_SQL: Final = load_sql(__package__)
_PARTS: Final[dict[str, sql.Composable]] = {
    "billed_lines": sql.SQL(_SQL["billed_lines"]),
    "passed_on": sql.SQL(_SQL["passed_on"]),
}
BOUGHT: Final = composed(_SQL, "bought_not_billed", **_PARTS)
BILLED: Final = composed(_SQL, "billed_not_bought", **_PARTS)


class PostgresLicences:
    """See `projections.contract_lines.queries`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def bought_not_billed(self, wanted: LicenceFilter, page: PageRequest) -> Page[BoughtNotBilled]:
        """See the port."""
        return await self._reader.page(
            BOUGHT,
            _values(wanted, page, 4),
            page,
            lambda row: BoughtNotBilled(*row),
            lambda one: (one.customer, one.product, one.subscription or "", one.currency),
        )

    async def billed_not_bought(self, wanted: LicenceFilter, page: PageRequest) -> Page[BilledNotBought]:
        """See the port."""
        return await self._reader.page(
            BILLED,
            _values(wanted, page, 2),
            page,
            lambda row: BilledNotBought(*row),
            lambda one: (one.contract, one.line),
        )


def _values(wanted: LicenceFilter, page: PageRequest, width: int) -> dict[str, Any]:
    after = page.after(width)
    return {**asdict(wanted), "after": None if after is None else list(after)}
