"""Customer invoices for tests of their approval: facts up to a status, processes and groups."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from commands.ports.event_store import EventStore, Save, Write
from domain.customer_invoice import approval_events as a
from domain.customer_invoice import calculation_events as c
from domain.customer_invoice import events as e
from domain.customer_invoice.process import Groups, Process
from domain.customer_invoice.state import CustomerInvoice, evolve, fold
from domain.fact import Fact
from domain.identity import Stream
from tests.support.origins import origin

TODAY = date(2026, 3, 5)
"""After the period of these invoices."""
NAMES = {"customer": "C1", "reference": "R-1"}
SNAPSHOT = a.CustomerSnapshot(code="C1", version=1, name="Customer one")
GROUPS = Groups({"finance": frozenset({"ann", "bob"}), "board": frozenset({"bob", "cy"})}, frozenset({"finance"}))
ONE_CLICK = Process("quick", 1, (a.ApprovalStep(group="finance"),))
TWO_STEPS = Process("two", 3, (a.ApprovalStep(group="finance"), a.ApprovalStep(group="board")))


def created(
    kind: e.InvoiceType = "ad_hoc", reference: str = "R-1", customer: str = "C1", period_to: date = date(2026, 2, 28)
) -> e.CustomerInvoiceCreated:
    """It began."""
    return e.CustomerInvoiceCreated(
        customer=customer,
        reference=reference,
        customer_id=UUID(int=1),
        invoice_type=kind,
        invoice_date=date(2026, 3, 3),
        period_from=date(2026, 2, 1),
        period_to=period_to,
        currency="EUR",
    )


def calculated(number: int = 1, through: int = 1, reference: str = "R-1", customer: str = "C1") -> c.Calculated:
    """Its totals: revenue 120.00, cost 100. It has seen all reference data that a test may save."""
    return c.Calculated(
        customer=customer,
        reference=reference,
        calculation=number,
        through=through,
        reference_position=1_000_000,
        currency="EUR",
        items=(),
        item_count=0,
        revenue_total=Decimal("120.00"),
        cost_total=Decimal("100.00"),
        inputs=(),
        digest="d" * 64,
    )


def failed(tries: int = 1) -> c.CalculationFailed:
    """It could not be calculated."""
    return c.CalculationFailed(
        **NAMES, calculation=1, through=1, reference_position=0, code="no-price", message="P1 has no price.",
        product="P1", tries=tries,
    )  # fmt: skip


def pending(kind: e.InvoiceType = "ad_hoc") -> CustomerInvoice:
    """Not calculated."""
    return after(None, [created(kind)])


def opened(kind: e.InvoiceType = "ad_hoc") -> CustomerInvoice:
    """Calculated."""
    return after(None, [created(kind), calculated()])


def in_error() -> CustomerInvoice:
    """Failed."""
    return after(None, [created(), failed()])


def after(state: CustomerInvoice | None, facts: Sequence[Fact]) -> CustomerInvoice:
    """The state after facts."""
    if state is None:
        state, facts = fold(facts[:1]), facts[1:]
    for fact in facts:
        state = evolve(state, fact)
    assert state is not None
    return state


def approved_fact(reference: str = "R-1", customer: str = "C1", number: str = "INV-1") -> a.Approved:
    """Its end, with its number."""
    return a.Approved(
        customer=customer,
        reference=reference,
        number=number,
        series="INV",
        sequence=1,
        approval_date=TODAY,
        approved_by="ann",
        invoice_date=date(2026, 3, 3),
        period_from=date(2026, 2, 1),
        period_to=date(2026, 2, 28),
        currency="EUR",
        revenue_total=Decimal("120.00"),
        cost_total=Decimal("100.00"),
        item_count=0,
        items_digest="d" * 64,
        snapshot=a.CustomerSnapshot(code=customer, version=1, name="Customer one"),
    )


async def closed(store: EventStore, invoice: UUID) -> None:
    """Close it, whatever rules say: for tests of what follows."""
    history = await store.load(Stream("customer-invoice", invoice))
    fact = e.CustomerInvoiceClosed(customer="C1", reference="x", reason="never sent", lines=0, cost=Decimal(0))
    await store.append(Save(origin(), (Write(history, (fact,)),)))
