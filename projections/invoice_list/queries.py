"""What can be asked of the customer invoice list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal, Protocol
from uuid import UUID

from projections.invoice_list.rows import InvoiceRow
from projections.paging import Page, PageRequest

View = Literal["all", "live", "ready_to_approve", "approved", "complete", "problem"]

ListedStatus = Literal["pending", "open", "approving", "approved", "closed", "error", "deleted"]
STATUSES: Final = ("pending", "open", "approving", "approved", "closed", "error")
"""All but `deleted`, which is listed only when it is asked for by name."""

VIEWS: Final[Mapping[View, tuple[str, ...]]] = {
    "all": STATUSES,
    "live": ("open",),
    "ready_to_approve": ("open",),
    "approved": ("approved",),
    "complete": ("approved", "closed"),
    "problem": ("error",),
}
"""The statuses that each view shows; `ready_to_approve` those of them whose period is past in their own zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceFilter:
    """Any combination; None or empty: not asked. Ranges include both ends, either may be open.

    `number` and `reference` are parts of one, case aside. `period_from`/`period_to`: overlap (a month is its first and
    last day). `total_from`/`total_to` compare the revenue total, which is 0 while there is none. `empty`: no item.
    `cluster`: of the customer as it is shown, which for locked and approved invoices is as at the request.
    """

    view: View = "all"
    customer: str | None = None
    cluster: str | None = None
    descendants: bool = False
    contract: str | None = None
    contracts: frozenset[str] = frozenset()
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

    @property
    def contradiction(self) -> str | None:
        """A range that begins after its end, so that nothing can match: a slip of the pen."""
        if self.total_from is not None and self.total_to is not None and self.total_from > self.total_to:
            return "total_from is above total_to"
        if self.period_from is not None and self.period_to is not None and self.period_from > self.period_to:
            return "period_from lies after period_to"
        return None

    @property
    def all_there_are(self) -> bool:
        """Whether it leaves nothing out; `descendants` says nothing without a cluster."""
        return replace(self, descendants=False) == InvoiceFilter()

    @property
    def shown(self) -> tuple[str, ...]:
        """The statuses that can match, in one order; only approved invoices have a number."""
        of_view = (*STATUSES, "deleted") if self.view == "all" and self.statuses else VIEWS[self.view]
        of_number = of_view if self.number is None else ("approved",)
        return tuple(s for s in of_view if s in of_number and (not self.statuses or s in self.statuses))


@dataclass(frozen=True, slots=True)
class InvoiceItem:
    """An invoice with its customer: as known now, or as at the request while it is locked, and ever after.

    `[erased]` where the key is gone, None where the customer is unknown. `incomplete_since`: an event of it could not
    be applied and waits; what is shown is as it was then.
    """

    row: InvoiceRow
    customer_name: str | None
    cluster: str | None
    incomplete_since: datetime | None


class InvoiceQueries(Protocol):
    """The customer invoice list, newest first: by end of period, then by creation. Deleted ones only when asked for."""

    async def page(
        self, wanted: InvoiceFilter, page: PageRequest, today: date, now: datetime | None = None
    ) -> Page[InvoiceItem]:
        """A page of the list. Rejected for a cursor that is none of it.

        What is ready to approve is decided by the customer's day at `now`, and by `today` where no zone is known.
        """
        ...

    async def rows(self, wanted: InvoiceFilter, today: date, now: datetime, limit: int) -> Sequence[InvoiceRow]:
        """All that match, without names, in the list's order; one more than `limit` says that there are more."""
        ...

    async def get(self, invoice: UUID) -> InvoiceItem | None:
        """One invoice, also a deleted one."""
        ...
