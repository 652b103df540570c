"""How a customer invoice's facts change its row."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from domain.customer_invoice import approval_events as a
from domain.customer_invoice import calculation_events as c
from domain.customer_invoice import events as e
from domain.customer_invoice import task_events as t
from domain.money import add, less
from projections.invoice_list import approval
from projections.invoice_list.approval import NO_FAILURE
from projections.invoice_list.rows import INVOICES, InvoiceRow
from projections.ports.feed import FeedRecord
from projections.read_model import ReadModel, document_steps, step, stream_id, there

Maybe = InvoiceRow | None


def created(row: Maybe, fact: e.CustomerInvoiceCreated, record: FeedRecord) -> InvoiceRow:
    """An invoice began, `pending`; one that was deleted begins anew, and its comments are counted on."""
    return InvoiceRow(
        id=stream_id(fact, record),
        number=None,
        reference=fact.reference,
        invoice_type=fact.invoice_type,
        customer=fact.customer,
        customer_id=str(fact.customer_id),
        contract=None if fact.contract is None else fact.contract.contract,
        schedules=() if fact.contract is None else tuple(map(str, fact.contract.entries)),
        invoice_date=fact.invoice_date,
        period_from=fact.period_from,
        period_to=fact.period_to,
        currency=fact.currency,
        revenue_total=None,
        cost_total=None,
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
        ready_from=_ready_from(fact.invoice_type, fact.invoice_date, fact.period_to),
        comments=row.comments if row else 0,
    )


def purchases_added(row: Maybe, fact: e.PurchasesAdded, record: FeedRecord) -> InvoiceRow:
    """A batch arrived: what was calculated no longer holds."""
    row = there(row, record)
    cost = add(row.cost, fact.cost) if fact.currency == row.currency else row.cost
    return _refilled(row, record, row.lines + fact.lines, cost)


def purchases_removed(row: Maybe, fact: e.PurchasesRemoved, record: FeedRecord) -> InvoiceRow:
    """A batch left: what was calculated no longer holds."""
    row = there(row, record)
    cost = less(row.cost, fact.cost) if fact.currency == row.currency else row.cost
    return _refilled(row, record, row.lines - fact.lines, cost)


def changed(row: Maybe, _fact: e.CustomerInvoiceChanged, record: FeedRecord) -> InvoiceRow:
    """Something its totals depend on changed. A failure is remembered until a calculation succeeds."""
    return _noted(there(row, record), record, status="pending", stale=True)


def recomputed(row: Maybe, _fact: e.ContractItemsRecomputed, record: FeedRecord) -> InvoiceRow:
    """The items of a contract's invoice are others: a calculation that did not see them does not settle it."""
    row = there(row, record)
    return _refilled(row, record, row.lines, row.cost)


def calculated(row: Maybe, fact: c.Calculated, record: FeedRecord) -> InvoiceRow:
    """New totals: `open`, unless purchases came after those that were seen."""
    row = there(row, record)
    settled = fact.through >= row.last_batch
    return _noted(
        row,
        record,
        status="open" if settled else "pending",
        stale=not settled,
        revenue_total=fact.revenue_total,
        cost_total=fact.cost_total,
        items=fact.item_count,
        last_calculated=record.occurred_at,
        **NO_FAILURE,
    )


def calculation_failed(row: Maybe, fact: c.CalculationFailed, record: FeedRecord) -> InvoiceRow:
    """It can't be calculated: the totals shown are those of before."""
    row = there(row, record)
    return _noted(
        row,
        record,
        status="error",
        stale=True,
        failure_code=fact.code,
        failure_message=fact.message,
        failure_product=fact.product,
        failure_rule=fact.rule,
        failure_tries=fact.tries,
        failing_since=row.failing_since or record.occurred_at,
    )


def commented(row: Maybe, fact: e.CustomerInvoiceCommented, record: FeedRecord) -> InvoiceRow:
    """Somebody said something."""
    return _noted(there(row, record), record, comments=fact.number)


def tasked(row: Maybe, _fact: t.TaskFact, record: FeedRecord) -> InvoiceRow:
    """A post-invoicing task: only the version moves on, which callers send back."""
    return _noted(there(row, record), record)


def deleted(row: Maybe, fact: e.CustomerInvoiceDeleted, record: FeedRecord) -> InvoiceRow:
    """A tombstone; lists leave it out. What it held is free again."""
    return _noted(
        there(row, record),
        record,
        status="deleted",
        stale=False,
        reason=fact.reason,
        lines=0,
        cost=Decimal(0),
        **NO_FAILURE,
    )


def superseded(row: Maybe, fact: e.CustomerInvoiceSuperseded, record: FeedRecord) -> InvoiceRow:
    """A newer one took over what it held: it keeps its totals, and can't be approved on any day."""
    return _noted(there(row, record), record, superseded_by=str(fact.by), lines=0, cost=Decimal(0), ready_from=date.max)


def restored(row: Maybe, _fact: e.CustomerInvoiceRestored, record: FeedRecord) -> InvoiceRow:
    """The newer one was deleted. What comes back follows."""
    row = there(row, record)
    ready = _ready_from(row.invoice_type, row.invoice_date, row.period_to)
    return _refilled(row._replace(superseded_by=None, ready_from=ready), record, 0, Decimal(0))


def _ready_from(invoice_type: str, invoice_date: date, period_to: date) -> date:
    return invoice_date if invoice_type == "contract" else period_to + timedelta(days=1)


def _refilled(row: InvoiceRow, record: FeedRecord, lines: int, cost: Decimal) -> InvoiceRow:
    return _noted(row, record, lines=lines, cost=cost, status="pending", stale=True, last_batch=record.stream_version)


def _noted(row: InvoiceRow, record: FeedRecord, **fields: Any) -> InvoiceRow:  # noqa: ANN401 -- columns of many types
    return approval.noted(row, record, **fields)


MOVED: Final = ("lines", "cost", "currency")
"""What is read of a batch."""

INVOICE_LIST: Final = ReadModel(
    name="invoice_list",
    topics=frozenset({"customer-invoice"}),
    tables=(INVOICES,),
    steps=(
        step(INVOICES, e.CustomerInvoiceCreated, created),
        step(INVOICES, e.PurchasesAdded, purchases_added, reads=MOVED),
        step(INVOICES, e.PurchasesRemoved, purchases_removed, reads=MOVED),
        step(INVOICES, e.CustomerInvoiceChanged, changed, reads=()),
        step(INVOICES, e.ContractItemsRecomputed, recomputed, reads=()),
        step(INVOICES, c.Calculated, calculated, reads=("through", "revenue_total", "cost_total", "item_count")),
        step(INVOICES, c.CalculationFailed, calculation_failed),
        # Snapshots and comments hold personal texts, which are passed over or stay as they are stored.
        *document_steps(INVOICES, (a.ApprovalRequested.type,), approval.requested),
        step(INVOICES, a.StepApproved, approval.step_approved, reads=("approver", "complete")),
        step(INVOICES, a.StepRejected, approval.step_rejected, reads=("to_step",)),
        step(INVOICES, a.Reopened, approval.reopened, reads=()),
        *document_steps(INVOICES, (a.Approved.type,), approval.approved),
        step(INVOICES, e.CustomerInvoiceCommented, commented, reads=("number",)),
        *document_steps(INVOICES, (e.CustomerInvoiceClosed.type,), approval.closed),
        *(step(INVOICES, fact, tasked) for fact in (t.TaskArmed, t.TaskSucceeded, t.TaskFailed, t.TaskUnknown)),
        step(INVOICES, e.CustomerInvoiceDeleted, deleted),
        step(INVOICES, e.CustomerInvoiceSuperseded, superseded, reads=("by",)),
        step(INVOICES, e.CustomerInvoiceRestored, restored, reads=()),
    ),
)
