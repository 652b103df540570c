"""Rows of the provider invoice list: one an invoice, and one for each usage offer of it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from projections.read_model import Table


class ProviderInvoiceRow(NamedTuple):
    """One provider invoice. `total` is the header's; sums of lines are exact; `difference` is lines minus header."""

    id: str
    provider: str
    number: str
    source: str
    status: str
    status_reason: str | None
    reasons: tuple[str, ...]
    messages: tuple[str, ...]
    import_code: str | None
    attempt: int
    tries: int
    revision: str | None
    currency: str
    total: Decimal
    tax_included: bool
    invoice_date: date
    period_from: date
    period_to: date
    lines: int
    excluded_lines: int | None
    customers: int | None
    licence_total: Decimal | None
    usage_total: Decimal | None
    tax_total: Decimal | None
    lines_total: Decimal | None
    difference: Decimal | None
    can_be_overridden: bool
    overridden: Decimal | None
    overridden_by: str | None
    overridden_reason: str | None
    overridden_at: datetime | None
    change_open: bool
    change_revision: str | None
    change_total: Decimal | None
    change_message: str | None
    change_reported_at: datetime | None
    adjusts: str | None
    adjusts_number: str | None
    adjustments: tuple[dict[str, Any], ...]
    created_at: datetime
    created_position: int
    attempt_started_at: datetime
    attempt_ended_at: datetime | None
    activated_at: datetime | None
    last_event_at: datetime
    version: int
    position: int


class UsageRow(NamedTuple):
    """One usage offer: where the billable lines of an attempt and customer are now. Costs are exact."""

    id: str
    provider_invoice: str
    provider: str
    number: str
    attempt: int
    customer: str
    currency: str
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
    excluded: tuple[dict[str, Any], ...]
    version: int
    position: int


INVOICES: Final = Table("provider_invoices", ProviderInvoiceRow)
USAGE: Final = Table("provider_invoice_usage", UsageRow)
