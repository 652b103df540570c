"""What can be asked of the provider invoice list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from projections.paging import Page, PageRequest
from projections.provider_invoices.rows import ProviderInvoiceRow, UsageRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderInvoiceFilter:
    """Any combination; None or empty: not asked. Ranges include both ends, either may be open.

    `number` is a part of one, case aside. `statuses` are `active`, `inactive`, `deleted`; deleted ones are listed
    only when asked for. `reasons` and `status_reasons`: any of them. `period_from`/`period_to`: overlap.
    """

    provider: str | None = None
    number: str | None = None
    source: str | None = None
    statuses: frozenset[str] = frozenset()
    status_reasons: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    overridden: bool | None = None
    overridden_by: str | None = None
    changed: bool | None = None
    currency: str | None = None
    total_from: Decimal | None = None
    total_to: Decimal | None = None
    invoice_date_from: date | None = None
    invoice_date_to: date | None = None
    period_from: date | None = None
    period_to: date | None = None


@dataclass(frozen=True, slots=True)
class UsageProgress:
    """Where an attempt's billable lines are, summed over its customers, in the invoice's currency. Costs are exact."""

    customers: int
    billable_lines: int
    billable_cost: Decimal
    offered_lines: int
    offered_cost: Decimal
    waiting_lines: int
    waiting_cost: Decimal
    invoiced_lines: int
    invoiced_cost: Decimal
    released_lines: int
    released_cost: Decimal
    withdrawn_lines: int
    withdrawn_cost: Decimal
    excluded_lines: int
    excluded_cost: Decimal


@dataclass(frozen=True, slots=True)
class ProviderInvoiceItem:
    """An invoice with the progress of its present attempt's usage; None before anything was offered.

    `incomplete_since`: an event of it could not be applied and waits; what is shown is as it was then.
    """

    row: ProviderInvoiceRow
    usage: UsageProgress | None
    incomplete_since: datetime | None


class ProviderInvoiceQueries(Protocol):
    """The provider invoice list, newest first: by end of period, then by creation."""

    async def page(self, wanted: ProviderInvoiceFilter, page: PageRequest) -> Page[ProviderInvoiceItem]:
        """A page of the list; Rejected for a cursor that is none of it."""
        ...

    async def get(self, invoice: UUID) -> ProviderInvoiceItem | None:
        """One invoice, also a deleted one."""
        ...

    async def usage(self, invoice: UUID, attempt: int | None = None) -> Sequence[UsageRow]:
        """The offers of an attempt (None: the present one) by customer."""
        ...

    async def of_provider(self, provider: str, numbers: Sequence[str]) -> Sequence[ProviderInvoiceRow]:
        """Those invoices of a provider that we hold, by number: our side of a sync list."""
        ...
