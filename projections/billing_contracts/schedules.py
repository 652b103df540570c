"""How the facts of a schedule entry change its row."""

from typing import Any

from domain.billing_contract import entry_events as x
from projections.billing_contracts.rows import SCHEDULES, BillingScheduleRow
from projections.ports.feed import FeedRecord
from projections.read_model import step, stream_id

Row = BillingScheduleRow
Maybe = BillingScheduleRow | None


def invoiced(row: Maybe, fact: x.EntryInvoiced, record: FeedRecord) -> Row:
    """It is billed."""
    row = _row(row, fact, record)
    made = tuple(_invoice(one) for one in fact.invoices)
    return row._replace(
        status="inactive",
        reason="invoiced",
        day=fact.day,
        invoices=(*made, *row.invoices),
        customers=tuple(sorted({*row.customers, *(one.customer for one in fact.invoices)})),
        skipped=(),  # what is skipped this time is said after this
    )


def empty(row: Maybe, fact: x.EntryEmpty, record: FeedRecord) -> Row:
    """Its day came and there was nothing to bill."""
    return _row(row, fact, record)._replace(status="inactive", reason="nothing_to_bill")


def cancelled(row: Maybe, fact: x.EntryCancelled, record: FeedRecord) -> Row:
    """It will not be billed."""
    return _row(row, fact, record)._replace(status="inactive", reason="cancelled")


def reactivated(row: Maybe, fact: x.EntryReactivated, record: FeedRecord) -> Row:
    """An invoice of it was deleted."""
    row = _row(row, fact, record)
    gone, back = str(fact.invoice), {str(one) for one in fact.restores}
    invoices = tuple(
        one
        | {
            "deleted": one["deleted"] or one["id"] == gone,
            "superseded": one["superseded"] and one["id"] not in back,
        }
        for one in row.invoices
    )
    status, reason = ("active", None) if fact.again else ("inactive", "invoiced")
    lines = row.received_lines - fact.lines
    return row._replace(status=status, reason=reason, invoices=invoices, received_lines=lines)


def replaced(row: Maybe, fact: x.EntryReplaced, record: FeedRecord) -> Row:
    """A newer invoice takes the place of one of it, and says in the same save what it bills."""
    row = _row(row, fact, record)
    old = str(fact.invoice)
    invoices = tuple(one | {"superseded": one["superseded"] or one["id"] == old} for one in row.invoices)
    if not fact.takes_over:
        invoices = row.invoices
    return row._replace(status="active", reason=None, invoices=invoices, received_lines=row.received_lines - fact.lines)


def rebilled(row: Maybe, fact: x.EntryRebilled, record: FeedRecord) -> Row:
    """An invoice of it was recalculated; amounts are not shown."""
    return _row(row, fact, record)


def skipped(row: Maybe, fact: x.LineSkipped, record: FeedRecord) -> Row:
    """A line of it is set up wrongly."""
    row = _row(row, fact, record)
    said = {"line": fact.skipped, "code": fact.code, "reason": fact.reason, "day": fact.day.isoformat()}
    return row._replace(skipped=(*(one for one in row.skipped if one["line"] != fact.skipped), said))


def received(row: Maybe, fact: x.UsageReceived, record: FeedRecord) -> Row:
    """Usage that waited for it is on an invoice."""
    row = _row(row, fact, record)
    return row._replace(received_lines=row.received_lines + fact.lines)


STEPS = (
    step(SCHEDULES, x.EntryInvoiced, invoiced, reads=("contract", "ref", "day", "invoices")),
    step(SCHEDULES, x.EntryEmpty, empty),
    step(SCHEDULES, x.EntryCancelled, cancelled),
    step(SCHEDULES, x.EntryReactivated, reactivated),
    step(SCHEDULES, x.EntryReplaced, replaced),
    step(SCHEDULES, x.EntryRebilled, rebilled, reads=("contract", "ref")),
    step(SCHEDULES, x.LineSkipped, skipped),
    step(SCHEDULES, x.UsageReceived, received, reads=("contract", "ref", "lines")),
)


def _row(row: Maybe, fact: x.ScheduleFact, record: FeedRecord) -> Row:
    ref = fact.ref
    shown: dict[str, Any] = {
        "kind": ref.kind,
        "line": ref.line,
        "period_from": ref.first,
        "period_to": ref.last,
        "run_date": ref.run_date,
        "milestone": ref.name,
        "closing": ref.closing,
        "last_event_at": record.occurred_at,
        "version": record.stream_version,
        "position": record.position,
    }
    if row is not None:
        return row._replace(**shown)
    return BillingScheduleRow(
        id=stream_id(fact, record),
        contract=fact.contract,
        contract_id=str(record.record_key),
        status="active",
        reason=None,
        day=None,
        invoices=(),
        customers=(),
        skipped=(),
        received_lines=0,
        created_position=record.position,
        **shown,
    )


def _invoice(one: x.InvoiceMade) -> dict[str, Any]:
    return {
        "id": str(one.invoice),
        "reference": one.reference,
        "customer": one.customer,
        "deleted": False,
        "superseded": False,
    }
