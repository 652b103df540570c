"""Rows of the customer invoice list."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from projections.read_model import Table


class InvoiceRow(NamedTuple):
    """One customer invoice. Customer name and cluster are joined when queried, unless there is a snapshot.

    `revenue_total`, `cost_total`, `items`, `last_calculated`: of the last calculation, none before the first; `stale`:
    something changed since then. `lines` and `cost` are of what it holds now, in its currency, exact. `ready_from`: the
    first day on which it can be approved, in its own zone. `failure_...` while in error. `process` to `barred`: the
    approval as at its request; `barred` can't approve the present step (again). `snapshot_...`: the customer as at the
    request or closing, the name ciphertext, while locked and for ever when final. `contract`: the number of the one it
    bills; `schedules`: the entries of it, by id. `superseded_by`: the newer invoice that has taken its place.
    """

    id: str
    number: str | None
    reference: str
    invoice_type: str
    customer: str
    customer_id: str
    contract: str | None
    schedules: Sequence[str]
    invoice_date: date
    period_from: date
    period_to: date
    currency: str
    revenue_total: Decimal | None
    cost_total: Decimal | None
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
    ready_from: date
    cost: Decimal = Decimal(0)
    last_batch: int = 0
    failure_code: str | None = None
    failure_message: str | None = None
    failure_product: str | None = None
    failure_rule: str | None = None
    failure_tries: int = 0
    failing_since: datetime | None = None
    process: str | None = None
    steps: Sequence[dict[str, Any]] = ()
    four_eyes: bool = False
    requested_by: str | None = None
    requested_at: datetime | None = None
    step: int | None = None
    step_group: str | None = None
    approvers: Sequence[str] = ()
    steps_done: Sequence[Sequence[str]] = ()
    barred: Sequence[str] = ()
    snapshot_version: int | None = None
    snapshot_name: str | None = None
    snapshot_cluster: str | None = None
    comments: int = 0
    series: str | None = None
    approval_date: date | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None
    superseded_by: str | None = None


INVOICES: Final = Table("invoice_list", InvoiceRow)
