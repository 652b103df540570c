"""How a customer invoice's facts change its row."""

from decimal import Decimal
from typing import Final

from domain.customer_invoice import events as e
from domain.money import EXACT
from projections.invoice_list.rows import INVOICES, InvoiceRow
from projections.ports.feed import FeedRecord
from projections.read_model import ReadModel, step, stream_id, there

Maybe = InvoiceRow | None


def created(_row: Maybe, fact: e.CustomerInvoiceCreated, record: FeedRecord) -> InvoiceRow:
    """An invoice began, `pending`."""
    return InvoiceRow(
        id=stream_id(fact, record),
        number=None,
        reference=fact.reference,
        invoice_type=fact.invoice_type,
        customer=fact.customer,
        customer_id=str(fact.customer_id),
        contract=None,
        schedule=None,
        invoice_date=fact.invoice_date,
        period_from=fact.period_from,
        period_to=fact.period_to,
        currency=fact.currency,
        revenue_total=None,
        cost_total=Decimal(0),
        lines=0,
        items=None,
        status="pending",
        stale=True,
        reason=None,
        last_calculated=None,
        created_at=record.occurred_at,
        created_position=record.position,
        changed_at=record.occurred_at,
        version=record.stream_version,
        position=record.position,
    )


def purchases_added(row: Maybe, fact: e.PurchasesAdded, record: FeedRecord) -> InvoiceRow:
    """A batch arrived: what was calculated no longer holds."""
    return _refilled(there(row, record), fact.lines, fact.cost, record)


def purchases_removed(row: Maybe, fact: e.PurchasesRemoved, record: FeedRecord) -> InvoiceRow:
    """A batch left: what was calculated no longer holds."""
    return _refilled(there(row, record), -fact.lines, EXACT.minus(fact.cost), record)


def changed(row: Maybe, _fact: e.CustomerInvoiceChanged, record: FeedRecord) -> InvoiceRow:
    """Something its totals depend on changed."""
    return there(row, record)._replace(
        status="pending",
        stale=True,
        changed_at=record.occurred_at,
        version=record.stream_version,
        position=record.position,
    )


def closed(row: Maybe, fact: e.CustomerInvoiceClosed, record: FeedRecord) -> InvoiceRow:
    """Final: never sent, no number."""
    return _ended(there(row, record), "closed", fact.reason, record)


def deleted(row: Maybe, fact: e.CustomerInvoiceDeleted, record: FeedRecord) -> InvoiceRow:
    """A tombstone; lists leave it out."""
    return _ended(there(row, record), "deleted", fact.reason, record)


def _refilled(row: InvoiceRow, lines: int, cost: Decimal, record: FeedRecord) -> InvoiceRow:
    return row._replace(
        lines=row.lines + lines,
        cost_total=EXACT.add(row.cost_total, cost),
        status="pending",
        stale=True,
        changed_at=record.occurred_at,
        version=record.stream_version,
        position=record.position,
    )


def _ended(row: InvoiceRow, status: str, reason: str, record: FeedRecord) -> InvoiceRow:
    return row._replace(
        status=status,
        stale=False,
        reason=reason,
        changed_at=record.occurred_at,
        version=record.stream_version,
        position=record.position,
    )


INVOICE_LIST: Final = ReadModel(
    name="invoice_list",
    topics=frozenset({"customer-invoice"}),
    tables=(INVOICES,),
    steps=(
        step(INVOICES, e.CustomerInvoiceCreated, created),
        step(INVOICES, e.PurchasesAdded, purchases_added, reads=("lines", "cost")),
        step(INVOICES, e.PurchasesRemoved, purchases_removed, reads=("lines", "cost")),
        step(INVOICES, e.CustomerInvoiceChanged, changed, reads=()),
        step(INVOICES, e.CustomerInvoiceClosed, closed),
        step(INVOICES, e.CustomerInvoiceDeleted, deleted),
    ),
)
