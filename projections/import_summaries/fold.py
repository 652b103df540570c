"""How the end of an attempt counts on its day, and how the day's mail went."""

from typing import Any, Final

from domain.operations import events as o
from domain.provider_invoice import events as e
from projections.import_summaries.rows import (
    DAYS,
    LIST_FAILURES,
    MAILS,
    ImportDayRow,
    ListFailureRow,
    SummaryMailRow,
)
from projections.ports.feed import FeedRecord
from projections.read_model import ReadModel, step, stream_id, there

Day = ImportDayRow | None
Mail = SummaryMailRow | None


def day_key(fact: e.ProviderInvoiceFact, record: FeedRecord) -> str:
    """An invoice's row of the event's business date."""
    return f"{stream_id(fact, record)}/{record.business_date}"


def references_unresolved(row: Day, fact: e.ReferencesUnresolved, record: FeedRecord) -> ImportDayRow:
    """The attempt ended in error."""
    return _failed(row, fact, record, "unresolved_references", fact.message)


def checksum_failed(row: Day, fact: e.ChecksumFailed, record: FeedRecord) -> ImportDayRow:
    """The attempt ended in error."""
    return _failed(row, fact, record, "checksum_failed", fact.message)


def import_failed(row: Day, fact: e.ImportFailed, record: FeedRecord) -> ImportDayRow:
    """The attempt ended in error."""
    return _failed(row, fact, record, "import_failed", fact.message)


def retried(row: Day, fact: e.ImportRetried, record: FeedRecord) -> ImportDayRow:
    """Another try ended in error."""
    return _ended(row, fact, record, outcome="failed", reasons=tuple(fact.reasons), messages=fact.messages)


def activated(row: Day, fact: e.Activated, record: FeedRecord) -> ImportDayRow:
    """The attempt succeeded; its total counts in its currency."""
    return _ended(
        row,
        fact,
        record,
        outcome="succeeded",
        reasons=(),
        messages=(),
        currency=fact.header.currency,
        total=fact.header.total,
    )


def change_reported(row: Day, fact: e.ChangeReported, record: FeedRecord) -> ImportDayRow:
    """The provider changed it on this day."""
    return _of_day(row, fact, record)._replace(
        changed=True,
        imported_total=fact.imported_total,
        reported_total=fact.total,
        change_currency=fact.currency,
    )


def change_withdrawn(row: Day, fact: e.ChangeWithdrawn, record: FeedRecord) -> ImportDayRow:
    """Reported and taken back on one day is no change of that day."""
    return _of_day(row, fact, record)._replace(
        changed=False, imported_total=None, reported_total=None, change_currency=None
    )


def list_failed(_row: ListFailureRow | None, fact: o.ProviderListFailed, record: FeedRecord) -> ListFailureRow:
    """A list that could not be fetched."""
    return ListFailureRow(
        key=_sync_key(fact, record),
        sync=stream_id(fact, record),
        day=fact.day,
        provider=fact.provider or "",
        message=fact.message,
        at=record.occurred_at,
        position=record.position,
    )


def built(row: Mail, fact: o.ImportSummaryBuilt, record: FeedRecord) -> SummaryMailRow:
    """The day's figures were put together for the mail."""
    return SummaryMailRow(
        id=stream_id(fact, record),
        day=fact.day,
        zone=fact.zone,
        message_id=fact.message_id,
        status=row.status if row and row.status == "sent" else "built",
        recipients=row.recipients if row else None,
        tries=row.tries if row else 0,
        reason=row.reason if row else None,
        message=row.message if row else None,
        retry_at=row.retry_at if row else None,
        built_at=record.occurred_at,
        sent_at=row.sent_at if row else None,
        version=record.stream_version,
        position=record.position,
    )


def sent(row: Mail, fact: o.ImportSummarySent, record: FeedRecord) -> SummaryMailRow:
    """The mail server took it."""
    return there(row, record)._replace(
        status="sent",
        recipients=fact.to,
        reason=None,
        message=None,
        retry_at=None,
        sent_at=record.occurred_at,
        version=record.stream_version,
        position=record.position,
    )


def failed(row: Mail, fact: o.ImportSummaryFailed, record: FeedRecord) -> SummaryMailRow:
    """Unsent: a problem until it goes out."""
    return there(row, record)._replace(
        status="failed",
        tries=fact.tries,
        reason=fact.reason,
        message=fact.message,
        retry_at=fact.retry_at,
        version=record.stream_version,
        position=record.position,
    )


def _sync_key(fact: o.ProviderListFailed, record: FeedRecord) -> str:
    return f"{stream_id(fact, record)}/{fact.provider or ''}"


IMPORT_SUMMARIES: Final = ReadModel(
    name="import_summaries",
    topics=frozenset({"provider-invoice", "operations"}),
    tables=(DAYS, LIST_FAILURES, MAILS),
    steps=(
        step(DAYS, e.ReferencesUnresolved, references_unresolved, day_key),
        step(DAYS, e.ChecksumFailed, checksum_failed, day_key),
        step(DAYS, e.ImportFailed, import_failed, day_key),
        step(DAYS, e.ImportRetried, retried, day_key),
        step(DAYS, e.Activated, activated, day_key),
        step(DAYS, e.ChangeReported, change_reported, day_key),
        step(DAYS, e.ChangeWithdrawn, change_withdrawn, day_key),
        step(LIST_FAILURES, o.ProviderListFailed, list_failed, _sync_key),
        step(MAILS, o.ImportSummaryBuilt, built),
        step(MAILS, o.ImportSummarySent, sent),
        step(MAILS, o.ImportSummaryFailed, failed),
    ),
)


def _of_day(row: Day, fact: e.ProviderInvoiceFact, record: FeedRecord) -> ImportDayRow:
    if row is not None:
        return row._replace(version=record.stream_version, position=record.position)
    return ImportDayRow(
        key=day_key(fact, record),
        provider_invoice=stream_id(fact, record),
        provider=fact.provider,
        number=fact.invoice_number,
        day=record.business_date,
        outcome=None,
        attempt=fact.attempt,
        commit_id=record.commit_id,
        reasons=(),
        messages=(),
        currency=None,
        total=None,
        changed=False,
        imported_total=None,
        reported_total=None,
        change_currency=None,
        version=record.stream_version,
        position=record.position,
    )


def _ended(row: Day, fact: e.ProviderInvoiceFact, record: FeedRecord, **fields: Any) -> ImportDayRow:  # noqa: ANN401 -- columns of many types
    end = {"attempt": fact.attempt, "commit_id": record.commit_id, "currency": None, "total": None, **fields}
    return _of_day(row, fact, record)._replace(**end)


def _failed(
    row: Day,
    fact: e.ReferencesUnresolved | e.ChecksumFailed | e.ImportFailed,
    record: FeedRecord,
    reason: str,
    message: str,
) -> ImportDayRow:
    """Both checks of one try are facts of one transaction: the second joins the first."""
    joins = row is not None and row.outcome == "failed" and row.commit_id == record.commit_id
    return _ended(
        row,
        fact,
        record,
        outcome="failed",
        reasons=(*row.reasons, reason) if row and joins else (reason,),
        messages=(*row.messages, message) if row and joins else (message,),
    )
