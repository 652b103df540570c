"""Queries of the billing contracts."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Final
from uuid import UUID

from adapters.read_models.cursors import checked
from adapters.read_models.reading import Reader, Values, columns, composed, names, part
from adapters.sql_files import load_sql
from projections.billing_contracts.queries import ContractFilter, ContractItem, ScheduleFilter
from projections.billing_contracts.rows import BillingContractRow, BillingScheduleRow
from projections.paging import Page, PageRequest

_SQL: Final = load_sql(__package__)
_WIDTH: Final = len(names(BillingContractRow))
_WANTED: Final = composed(_SQL, "wanted")
PAGE: Final = composed(_SQL, "page", columns=columns(BillingContractRow), wanted=_WANTED)
IDS: Final = composed(_SQL, "ids", wanted=_WANTED)
SCHEDULES: Final = composed(_SQL, "schedules", columns=columns(BillingScheduleRow))

AUTOMATIC: Final = composed(_SQL, "automatic")


class PostgresBillingContracts:
    """See `projections.billing_contracts.queries`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(self, wanted: ContractFilter, page: PageRequest) -> Page[ContractItem]:
        """See the port."""
        cursor = page.after(1)
        values = {
            **asdict(wanted),
            "search": part(wanted.search),
            "after_position": checked(int, cursor[0]) if cursor else None,
        }
        return await self._reader.page(PAGE, values, page, _item, lambda item: (str(item.row.created_position),))

    async def ids(self, wanted: ContractFilter, limit: int) -> Sequence[UUID]:
        """See the port."""
        values = {**asdict(wanted), "search": part(wanted.search), "limit": limit}
        return [UUID(row[0]) for row in await self._reader.all(IDS, values)]

    async def automatic(self) -> frozenset[str]:
        """See the port."""
        return frozenset(row[0] for row in await self._reader.all(AUTOMATIC, {}))

    async def schedules(self, wanted: ScheduleFilter, page: PageRequest) -> Page[BillingScheduleRow]:
        """See the port."""
        cursor = page.after(2)
        values = {
            **asdict(wanted),
            "after_run": checked(date.fromisoformat, cursor[0]) if cursor else None,
            "after_position": checked(int, cursor[1]) if cursor else None,
        }
        return await self._reader.page(
            SCHEDULES,
            values,
            page,
            lambda v: BillingScheduleRow(*v),
            lambda row: (row.run_date.isoformat(), str(row.created_position)),
        )


def _item(values: Values) -> ContractItem:
    return ContractItem(BillingContractRow(*values[:_WIDTH]), values[_WIDTH])
