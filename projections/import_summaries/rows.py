"""Rows of the import summaries: one an invoice and day, so that nothing is counted over partitions."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from projections.read_model import Table


class ImportDayRow(NamedTuple):
    """What happened to one invoice on one business date: its last outcome, and whether its provider changed it.

    `outcome` is `succeeded`, `failed`, or None when it was only changed. Key: `ID/DAY`.
    """

    key: str
    provider_invoice: str
    provider: str
    number: str
    day: date
    outcome: str | None
    attempt: int
    commit_id: int
    reasons: tuple[str, ...]
    messages: tuple[str, ...]
    currency: str | None
    total: Decimal | None
    changed: bool
    imported_total: Decimal | None
    reported_total: Decimal | None
    change_currency: str | None
    version: int
    position: int


class ListFailureRow(NamedTuple):
    """A provider's list could not be fetched by a sync. Key: `SYNC/PROVIDER`."""

    key: str
    sync: str
    day: date
    provider: str
    message: str
    at: datetime
    position: int


class SummaryMailRow(NamedTuple):
    """The mail of a day's summary. `status` is `built`, `sent` or `failed`. Key: the summary's stream id."""

    id: str
    day: date
    zone: str | None
    message_id: str
    status: str
    recipients: int | None
    tries: int
    reason: str | None
    message: str | None
    retry_at: datetime | None
    built_at: datetime | None
    sent_at: datetime | None
    version: int
    position: int


DAYS: Final = Table("import_days", ImportDayRow)
LIST_FAILURES: Final = Table("import_list_failures", ListFailureRow)
MAILS: Final = Table("import_summary_mails", SummaryMailRow)
