"""How a provider invoice's facts change its row."""

from decimal import Decimal
from typing import Any

from domain.provider_invoice import events as e
from domain.provider_invoice.parts import Header, LineSums, Totals
from projections.ports.feed import FeedRecord
from projections.provider_invoices.rows import INVOICES, ProviderInvoiceRow
from projections.read_model import step, stream_id, there

Row = ProviderInvoiceRow
Maybe = ProviderInvoiceRow | None


def started(row: Maybe, fact: e.PopulationStarted, record: FeedRecord) -> Row:
    """A first attempt makes the row, a later one starts it anew; links and the date of creation stay."""
    return ProviderInvoiceRow(
        id=stream_id(fact, record),
        provider=fact.provider,
        number=fact.invoice_number,
        source=fact.source,
        status="active",
        status_reason="populating",
        reasons=(),
        messages=(),
        import_code=None,
        attempt=fact.attempt,
        tries=0,
        revision=fact.revision,
        **_header(fact.header),
        lines=LineSums.of(p.sums for p in fact.carried).rows,
        excluded_lines=None,
        customers=None,
        licence_total=None,
        usage_total=None,
        tax_total=None,
        lines_total=None,
        difference=None,
        can_be_overridden=False,
        overridden=None,
        overridden_by=None,
        overridden_reason=None,
        overridden_at=None,
        change_open=False,
        change_revision=None,
        change_total=None,
        change_message=None,
        change_reported_at=None,
        adjusts=str(fact.adjusts) if fact.adjusts else None,
        adjusts_number=fact.adjusts_number,
        adjustments=row.adjustments if row else (),
        created_at=row.created_at if row else record.occurred_at,
        created_position=row.created_position if row else record.position,
        attempt_started_at=record.occurred_at,
        attempt_ended_at=None,
        activated_at=None,
        last_event_at=record.occurred_at,
        version=record.stream_version,
        position=record.position,
    )


def populated(row: Maybe, fact: e.LinesPopulated, record: FeedRecord) -> Row:
    """Progress: another chunk of lines."""
    row = there(row, record)
    return _changed(row, record, lines=row.lines + fact.sums.rows)


def part_removed(row: Maybe, fact: e.PartRemoved, record: FeedRecord) -> Row:
    """A part's lines no longer count."""
    row = there(row, record)
    return _changed(row, record, lines=row.lines - fact.rows)


def header_corrected(row: Maybe, fact: e.HeaderCorrected, record: FeedRecord) -> Row:
    """The list shows the header as it is now; an override was for the one before."""
    return _changed(
        there(row, record),
        record,
        **_header(fact.header),
        overridden=None,
        overridden_by=None,
        overridden_reason=None,
        overridden_at=None,
    )


def references_unresolved(row: Maybe, fact: e.ReferencesUnresolved, record: FeedRecord) -> Row:
    """The references check failed."""
    return _failed(there(row, record), record, "unresolved_references", fact.message)


def checksum_failed(row: Maybe, fact: e.ChecksumFailed, record: FeedRecord) -> Row:
    """The checksum failed, with its figures."""
    return _failed(
        there(row, record),
        record,
        "checksum_failed",
        fact.message,
        difference=fact.difference,
        can_be_overridden=fact.can_be_overridden,
        **_totals(fact.totals),
    )


def import_failed(row: Maybe, fact: e.ImportFailed, record: FeedRecord) -> Row:
    """The import itself failed."""
    return _failed(there(row, record), record, "import_failed", fact.message, import_code=fact.code)


def retried(row: Maybe, fact: e.ImportRetried, record: FeedRecord) -> Row:
    """Another try ended in error: what fails now replaces what failed before."""
    row = there(row, record)
    return _changed(
        row,
        record,
        status="inactive",
        status_reason="error",
        reasons=tuple(fact.reasons),
        messages=fact.messages,
        import_code=fact.code,
        tries=fact.tries,
        revision=fact.revision,
        difference=fact.difference,
        can_be_overridden=row.can_be_overridden and fact.difference is not None,
        attempt_ended_at=record.occurred_at,
    )


def overridden(row: Maybe, fact: e.ChecksumOverridden, record: FeedRecord) -> Row:
    """Who waived the checksum, why, and how much: kept with the attempt and filterable."""
    return _changed(
        there(row, record),
        record,
        overridden=fact.difference,
        overridden_by=record.actor,
        overridden_reason=fact.reason,
        overridden_at=record.occurred_at,
        **_totals(fact.totals),
    )


def activated(row: Maybe, fact: e.Activated, record: FeedRecord) -> Row:
    """Imported: nothing is wrong any more."""
    return _changed(
        there(row, record),
        record,
        status="active",
        status_reason="active",
        reasons=(),
        messages=(),
        import_code=None,
        tries=0,
        revision=fact.revision,
        **_header(fact.header),
        **_totals(fact.totals),
        lines=fact.rows,
        excluded_lines=fact.excluded_rows,
        customers=fact.customer_count,
        difference=fact.checksum_difference,
        can_be_overridden=False,
        attempt_ended_at=record.occurred_at,
        activated_at=record.occurred_at,
    )


def change_reported(row: Maybe, fact: e.ChangeReported | e.ChangeReopened, record: FeedRecord) -> Row:
    """The stored total is left alone; the change stands beside it."""
    return _changed(
        there(row, record),
        record,
        change_open=True,
        change_revision=fact.revision,
        change_total=fact.total,
        change_message=fact.message,
        change_reported_at=record.occurred_at,
    )


def change_settled(row: Maybe, _fact: e.ChangeAcknowledged | e.ChangeWithdrawn, record: FeedRecord) -> Row:
    """Acknowledged, or taken back by the provider."""
    return _changed(there(row, record), record, change_open=False)


def adjusted(row: Maybe, fact: e.Adjusted, record: FeedRecord) -> Row:
    """The difference is an invoice of its own, linked here; the link back is on that one's first fact."""
    row = there(row, record)
    link = {"id": str(fact.adjustment), "number": fact.adjustment_number}
    adjustments = row.adjustments if link in row.adjustments else (*row.adjustments, link)
    return _changed(row, record, change_open=False, adjustments=adjustments)


def deactivated(row: Maybe, _fact: e.Deactivated, record: FeedRecord) -> Row:
    """Taken out on purpose."""
    return _changed(there(row, record), record, status="inactive", status_reason="deactivated", change_open=False)


def deleted(row: Maybe, _fact: e.Deleted, record: FeedRecord) -> Row:
    """A tombstone."""
    return _changed(
        there(row, record),
        record,
        status="deleted",
        status_reason=None,
        reasons=(),
        messages=(),
        change_open=False,
    )


STEPS = (
    step(INVOICES, e.PopulationStarted, started),
    step(INVOICES, e.LinesPopulated, populated, reads=("sums",)),
    step(INVOICES, e.PartRemoved, part_removed),
    step(INVOICES, e.HeaderCorrected, header_corrected),
    step(INVOICES, e.ReferencesUnresolved, references_unresolved),
    step(INVOICES, e.ChecksumFailed, checksum_failed),
    step(INVOICES, e.ImportFailed, import_failed),
    step(INVOICES, e.ImportRetried, retried),
    step(INVOICES, e.ChecksumOverridden, overridden),
    step(INVOICES, e.Activated, activated),
    step(INVOICES, e.ChangeReported, change_reported),
    step(INVOICES, e.ChangeReopened, change_reported),
    step(INVOICES, e.ChangeAcknowledged, change_settled),
    step(INVOICES, e.ChangeWithdrawn, change_settled),
    step(INVOICES, e.Adjusted, adjusted),
    step(INVOICES, e.Deactivated, deactivated),
    step(INVOICES, e.Deleted, deleted),
)


def _changed(row: Row, record: FeedRecord, **fields: Any) -> Row:  # noqa: ANN401 -- columns of many types
    return row._replace(
        last_event_at=record.occurred_at, version=record.stream_version, position=record.position, **fields
    )


def _failed(row: Row, record: FeedRecord, reason: str, message: str, **fields: Any) -> Row:  # noqa: ANN401 -- columns of many types
    """The first failure of an attempt replaces what was there, the second one joins it."""
    first = row.status_reason != "error"
    return _changed(
        row,
        record,
        status="inactive",
        status_reason="error",
        reasons=(reason,) if first else (*row.reasons, reason),
        messages=(message,) if first else (*row.messages, message),
        tries=1,
        attempt_ended_at=record.occurred_at,
        **fields,
    )


def _header(header: Header) -> dict[str, Any]:
    return {
        "currency": header.currency,
        "total": header.total,
        "tax_included": header.tax_included,
        "invoice_date": header.invoice_date,
        "period_from": header.period_from,
        "period_to": header.period_to,
    }


def _totals(totals: Totals) -> dict[str, Decimal]:
    return {
        "licence_total": totals.licence,
        "usage_total": totals.usage,
        "tax_total": totals.tax,
        "lines_total": totals.grand,
    }
