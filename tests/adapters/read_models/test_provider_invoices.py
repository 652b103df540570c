"""The provider invoice list as it is asked."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from domain.provider_invoice.parts import Header
from domain.rejected import Rejected
from projections.paging import PageRequest
from projections.provider_invoices.queries import ProviderInvoiceFilter as Filter
from tests.support.billing import OfferFacts, ProviderInvoiceFacts
from tests.support.records import Happened

NEW, FAILED, ACTIVE, OVERRIDDEN, GONE = (f"F-{n}" for n in range(1, 6))


def a_header(month: int, total: str = "100.00", currency: str = "EUR") -> Header:
    return Header(
        invoice_date=date(2026, month, 28),
        period_from=date(2026, month, 1),
        period_to=date(2026, month, 28),
        currency=currency,
        total=Decimal(total),
    )


def a_history() -> Happened:
    happened = Happened()
    i = ProviderInvoiceFacts(NEW, header=a_header(5))
    happened.add(i.stream, i.started())
    i = ProviderInvoiceFacts(FAILED, header=a_header(4))
    happened.add(i.stream, i.started(), i.unresolved(), i.checksum_failed())
    i = ProviderInvoiceFacts(ACTIVE, header=a_header(3, "7.00", "USD"))
    happened.add(i.stream, i.started(), i.activated(), i.changed())
    for customer in ("c-1", "c-2"):
        offer = OfferFacts(i, customer)
        happened.add(offer.stream, offer.offered(), offer.invoiced(UUID(int=1)), key=i.stream.id)
    i = ProviderInvoiceFacts(OVERRIDDEN, provider="zeta", header=a_header(2))
    happened.add(i.stream, i.started(), i.checksum_failed(), i.overridden(), i.activated(), actor="person:ada")
    i = ProviderInvoiceFacts(GONE, header=a_header(1))
    happened.add(i.stream, i.started(), i.failed(), i.deleted())
    return happened


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({}, [NEW, FAILED, ACTIVE, OVERRIDDEN]),
        ({"provider": "zeta"}, [OVERRIDDEN]),
        ({"number": "f-3"}, [ACTIVE]),
        ({"number": "%"}, []),
        ({"statuses": frozenset({"deleted"})}, [GONE]),
        ({"statuses": frozenset({"inactive", "deleted"})}, [FAILED, GONE]),
        ({"status_reasons": frozenset({"populating"})}, [NEW]),
        ({"reasons": frozenset({"checksum_failed"})}, [FAILED]),
        ({"overridden": True}, [OVERRIDDEN]),
        ({"overridden": False}, [NEW, FAILED, ACTIVE]),
        ({"overridden_by": "person:ada"}, [OVERRIDDEN]),
        ({"changed": True}, [ACTIVE]),
        ({"currency": "USD"}, [ACTIVE]),
        ({"total_to": Decimal(7)}, [ACTIVE]),
        ({"total_from": Decimal("7.01")}, [NEW, FAILED, OVERRIDDEN]),
        ({"period_from": date(2026, 3, 28), "period_to": date(2026, 4, 1)}, [FAILED, ACTIVE]),
        ({"invoice_date_from": date(2026, 4, 1), "invoice_date_to": date(2026, 4, 30)}, [FAILED]),
        ({"source": "manual"}, []),
    ],
)
async def test_filters(project, ask, wanted, numbers):
    project(a_history())
    page = await ask.provider_invoices.page(Filter(**wanted), PageRequest())
    assert [i.row.number for i in page.items] == numbers
    assert (page.total, page.next_cursor) == (len(numbers), None)


async def test_usage_is_summed_over_customers(project, ask):
    project(a_history())
    page = await ask.provider_invoices.page(Filter(number=ACTIVE), PageRequest())
    usage = page.items[0].usage
    assert (usage.customers, usage.billable_lines, usage.invoiced_lines, usage.offered_lines) == (2, 20, 8, 12)
    assert (usage.billable_cost, usage.invoiced_cost) == (Decimal("100.250"), Decimal(40))
    rows = await ask.provider_invoices.usage(UUID(page.items[0].row.id))
    assert [r.customer for r in rows] == ["c-1", "c-2"]
    assert await ask.provider_invoices.usage(UUID(page.items[0].row.id), attempt=2) == []


async def test_one_invoice(project, ask):
    project(a_history())
    found = await ask.provider_invoices.get(ProviderInvoiceFacts(GONE).stream.id)
    assert (found.row.status, found.usage, found.incomplete_since) == ("deleted", None, None)
    assert await ask.provider_invoices.get(UUID(int=7)) is None
    held = await ask.provider_invoices.of_provider("acme", [NEW, OVERRIDDEN, "F-99"])
    assert [r.number for r in held] == [NEW]


async def test_pages_stay_put_while_rows_come(project, ask):
    happened = a_history()
    project(happened)
    seen, cursor = [], None
    for extra in range(4):
        page = await ask.provider_invoices.page(Filter(), PageRequest(limit=1, cursor=cursor, count=False))
        assert page.total is None
        seen += [i.row.number for i in page.items]
        cursor = page.next_cursor
        i = ProviderInvoiceFacts(f"NEWER-{extra}", header=a_header(6))
        happened.add(i.stream, i.started())
        project(happened)
    assert (seen, cursor) == ([NEW, FAILED, ACTIVE, OVERRIDDEN], None)
    with pytest.raises(Rejected, match="invalid-cursor"):
        await ask.provider_invoices.page(Filter(), PageRequest(cursor="WyJ4IiwieSJd"))


async def test_what_waits_shows_as_incomplete(project, ask):
    happened = Happened()
    i = ProviderInvoiceFacts(NEW)
    happened.add(i.stream, i.started())
    happened.add(i.stream, i.populated(), data=b"{}")
    happened.add(i.stream, i.activated())
    project(happened)
    found = await ask.provider_invoices.get(i.stream.id)
    assert (found.row.status_reason, found.row.version) == ("populating", 1)
    assert found.incomplete_since is not None
