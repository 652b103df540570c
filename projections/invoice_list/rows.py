"""Rows of the customer invoice list."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from projections.read_model import Table


class InvoiceRow(NamedTuple):
    """One customer invoice. Customer name and cluster are joined when queried. `cost_total` is exact.

    `stale`: something changed since the totals shown were calculated. `number`, `contract`, `schedule`,
    `revenue_total`, `items` and `last_calculated` stay empty until facts bring them.
    """

    id: str
    number: str | None
    reference: str
    invoice_type: str
    customer: str
    customer_id: str
    contract: str | None
    schedule: str | None
    invoice_date: date
    period_from: date
    period_to: date
    currency: str
    revenue_total: Decimal | None
    cost_total: Decimal
    lines: int
    items: int | None
    status: str
    stale: bool
    reason: str | None
    last_calculated: datetime | None
    created_at: datetime
    created_position: int
    changed_at: datetime
    version: int
    position: int


INVOICES: Final = Table("invoice_list", InvoiceRow)
