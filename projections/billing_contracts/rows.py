"""Rows of the list of contracts and of their schedule entries."""

from datetime import date, datetime
from typing import Any, Final, NamedTuple

from projections.read_model import Table


class BillingContractRow(NamedTuple):
    """One contract as it is agreed now. `ends`: the first day not billed; `kinds`: of its lines, each once."""

    id: str
    number: str
    name: str
    status: str
    customers: tuple[str, ...]
    currency: str
    starts: date
    ends: date | None
    frequency: str
    approval: str
    tasks: tuple[str, ...]
    time_zone: str
    lines: int
    kinds: tuple[str, ...]
    recorded_on: date
    created_at: datetime
    created_position: int
    last_event_at: datetime
    version: int
    position: int


class BillingScheduleRow(NamedTuple):
    """One entry that something happened to; all others are `active` and computed from the contract.

    `invoices`: {id, reference, customer, customer_id, deleted, superseded}, newest first. `day`: the last invoice date.
    `skipped`: {line, code, reason, day}. `received_lines`: usage that its invoices took.
    """

    id: str
    contract: str
    contract_id: str
    kind: str
    line: str | None
    period_from: date
    period_to: date
    run_date: date
    milestone: str | None
    closing: bool
    status: str
    reason: str | None
    day: date | None
    invoices: tuple[dict[str, Any], ...]
    customers: tuple[str, ...]
    skipped: tuple[dict[str, Any], ...]
    received_lines: int
    created_position: int
    last_event_at: datetime
    version: int
    position: int


CONTRACTS: Final = Table("billing_contracts", BillingContractRow)
SCHEDULES: Final = Table("billing_schedules", BillingScheduleRow)
