"""What can be asked of the customer invoice list."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, Protocol
from uuid import UUID

from projections.invoice_list.rows import InvoiceRow
from projections.paging import Page, PageRequest

View = Literal["all", "live", "ready_to_approve", "approved", "complete", "problem"]
"""`live`: open. `ready_to_approve`: open, and its period past on `today`. `complete`: approved or closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceFilter:
    """Any combination; None or empty: not asked. Ranges include both ends, either may be open.

    `number` and `reference` are parts of one, case aside. `period_from`/`period_to`: overlap (a month is its first and
    last day). `total_from`/`total_to` compare the revenue total, which is 0 while there is none. `empty`: no item.
    """

    view: View = "all"
    customer: str | None = None
    cluster: str | None = None
    descendants: bool = False
    contract: str | None = None
    schedule: str | None = None
    reference: str | None = None
    number: str | None = None
    statuses: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    empty: bool | None = None
    total_from: Decimal | None = None
    total_to: Decimal | None = None
    period_from: date | None = None
    period_to: date | None = None


@dataclass(frozen=True, slots=True)
class InvoiceItem:
    """An invoice with its customer as known now; `[erased]` where the key is gone, None where it is unknown.

    `incomplete_since`: an event of it could not be applied and waits; what is shown is as it was then.
    """

    row: InvoiceRow
    customer_name: str | None
    cluster: str | None
    incomplete_since: datetime | None


class InvoiceQueries(Protocol):
    """The customer invoice list, newest first: by end of period, then by creation. Deleted ones only when asked for."""

    async def page(self, wanted: InvoiceFilter, page: PageRequest, today: date) -> Page[InvoiceItem]:
        """A page of the list; `today` decides what is ready to approve. Rejected for a cursor that is none of it."""
        ...

    async def get(self, invoice: UUID) -> InvoiceItem | None:
        """One invoice, also a deleted one."""
        ...
