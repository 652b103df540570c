"""Periodical invoices begin by themselves: one for every billing period up to the present one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from commands.customer_invoice.billing_desk import BillingDesk
from commands.origin import Origin
from commands.ports.event_store import Conflict, Save, Write
from commands.ports.periods import AddPeriods, Period
from commands.ports.reference import PresentCustomer
from domain.customer_invoice import events as e
from domain.customer_invoice.periods import Span, missing
from domain.identity import periodical_invoice_stream, reference_stream

AT_ONCE = 500
"""Invoices that begin in one transaction."""


@dataclass(frozen=True, slots=True)
class _New:
    customer: PresentCustomer
    span: Span


async def ensure_periods(desk: BillingDesk, origin: Origin, customers: Sequence[PresentCustomer]) -> int:
    """Begin the invoices that these customers' periods lack; how many began. Any number of processes may."""
    billed = [c for c in customers if c.in_force and c.bill_from is not None]
    began = 0
    for _ in range(3):  # another process may begin the same ones at the same time: look again
        due = await _due(desk, billed, origin.now)
        if not due:
            break
        for batch in _batches(due):
            began += await _begin(desk, origin, batch)
    return began


def today_of(customer: PresentCustomer, now: datetime) -> date:
    """The day it is for a customer."""
    return now.astimezone(ZoneInfo(customer.time_zone)).date()


def periodical_reference(customer: str, first: date) -> str:
    """The human name of a periodical invoice before it has a number."""
    return f"{customer} {first.isoformat()}"


async def _due(desk: BillingDesk, customers: Sequence[PresentCustomer], now: datetime) -> list[_New]:
    known = await desk.periods.of([c.code for c in customers])
    due = []
    for customer in customers:
        if customer.bill_from is None:
            continue
        existing = [Span(p.period_from, p.period_to) for p in known.get(customer.code, ())]
        spans = missing(customer.bill_from, customer.billing_period, existing, today_of(customer, now))
        due += [_New(customer, span) for span in spans]
    return due


async def _begin(desk: BillingDesk, origin: Origin, batch: Sequence[_New]) -> int:
    streams = {periodical_invoice_stream(n.customer.code, n.span.first): n for n in batch}
    histories = await desk.store.load_many(list(streams))
    new = {stream: n for stream, n in streams.items() if histories[stream].version == 0}
    writes = tuple(Write(histories[stream], (_created(n),)) for stream, n in new.items())
    periods = tuple(Period(n.customer.code, n.span.first, n.span.last, stream.id) for stream, n in new.items())
    if not writes:
        return 0
    try:
        await desk.store.append(Save(origin=origin, writes=writes, rows=(AddPeriods(periods),)))
    except Conflict:
        return 0
    return len(writes)


def _created(new: _New) -> e.CustomerInvoiceCreated:
    customer, span = new.customer, new.span
    return e.CustomerInvoiceCreated(
        customer=customer.code,
        reference=periodical_reference(customer.code, span.first),
        customer_id=reference_stream("customer", customer.code).id,
        invoice_type="periodical",
        invoice_date=span.last,
        period_from=span.first,
        period_to=span.last,
        currency=customer.currency,
    )


def _batches(due: Sequence[_New]) -> Iterator[Sequence[_New]]:
    for start in range(0, len(due), AT_ONCE):
        yield due[start : start + AT_ONCE]
