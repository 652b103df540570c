"""The customer invoice list as it is asked."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from uuid import UUID

import psycopg
import pytest

from adapters.read_models.invoice_list.buckets import beyond, bucket_of, lowest
from projections.invoice_list.queries import InvoiceFilter as Filter
from projections.paging import PageRequest
from tests.support.billing import CustomerInvoiceFacts, cluster_saved, customer_saved
from tests.support.records import Happened

TODAY = date(2026, 3, 15)


def a_history() -> Happened:
    happened = Happened()
    for code, parent in (("world", None), ("north", "world"), ("arctic", "north")):
        happened.add(*cluster_saved(code, parent))
    happened.add(*customer_saved("c-1", name="plain", cluster="arctic"))
    happened.add(*customer_saved("c-2", cluster="north"))
    c = CustomerInvoiceFacts("R-1", "c-1")
    happened.add(c.stream, c.created(date(2026, 3, 1), date(2026, 3, 31)), c.added())
    c = CustomerInvoiceFacts("R-2", "c-2")
    happened.add(c.stream, c.created(), c.added(), c.closed(c.snapshot()))
    c = CustomerInvoiceFacts("ad-hoc-3", "c-3")
    happened.add(c.stream, c.created(date(2026, 1, 5), date(2026, 1, 5), "ad_hoc"))
    c = CustomerInvoiceFacts("R-4", "c-1")
    happened.add(c.stream, c.created(), c.deleted())
    return happened


def more_history() -> Happened:
    """Invoices in each status: open and past, open and running, failed, in approval, approved under a former name."""
    happened = Happened()
    happened.add(*customer_saved("c-1", name="renamed", cluster="south"))
    for code in ("north", "south"):
        happened.add(*cluster_saved(code))
    c = CustomerInvoiceFacts("past")
    happened.add(c.stream, c.created(), c.calculated(revenue="0.00", items=0))
    c = CustomerInvoiceFacts("running")
    happened.add(c.stream, c.created(date(2026, 3, 1), date(2026, 3, 15)), c.calculated(revenue="99.99"))
    c = CustomerInvoiceFacts("failed")
    happened.add(c.stream, c.created(), c.calculation_failed())
    c = CustomerInvoiceFacts("asked")
    happened.add(c.stream, c.created(), c.calculated(), c.requested())
    c = CustomerInvoiceFacts("ended")
    happened.add(c.stream, c.created(), c.calculated(), c.closed(c.snapshot()))
    c = CustomerInvoiceFacts("final")
    happened.add(c.stream, c.created(), c.calculated(), c.requested(), c.step_approved("person:bob"), c.approved())
    return happened


@pytest.mark.parametrize(
    ("wanted", "references"),
    [
        ({"view": "live"}, ["running", "past"]),
        ({"view": "ready_to_approve"}, ["past"]),
        ({"view": "problem"}, ["failed"]),
        ({"view": "approved"}, ["final"]),
        ({"view": "complete", "statuses": frozenset({"closed"})}, ["ended"]),
        ({"view": "complete"}, ["final", "ended"]),
        ({"view": "complete", "cluster": "south"}, []),
        ({"view": "complete", "cluster": "north", "total_from": Decimal(1)}, ["final", "ended"]),
        ({"view": "live", "statuses": frozenset({"error"})}, []),
        ({"statuses": frozenset({"error", "approving"})}, ["asked", "failed"]),
        ({"number": "2026-0"}, ["final"]),
        ({"number": "inv"}, ["final"]),
        ({"number": "2026%"}, []),
        ({"empty": True}, ["failed", "past"]),
        ({"total_from": Decimal("15.01")}, ["running"]),
        ({"total_from": Decimal(15), "total_to": Decimal(15), "number": "1"}, ["final"]),
        ({"cluster": "south"}, ["running", "failed", "past"]),
        ({"cluster": "north"}, ["final", "ended", "asked"]),
        ({"cluster": "north", "view": "approved", "total_from": Decimal(1)}, ["final"]),
        ({"cluster": "south", "period_to": date(2026, 2, 28)}, ["failed", "past"]),
        ({"cluster": "south", "period_from": date(2026, 3, 10), "period_to": date(2026, 3, 5)}, ["running"]),
        ({"cluster": "north", "total_from": Decimal(1), "period_to": date(2026, 2, 1)}, ["final", "ended", "asked"]),
        ({"cluster": "north", "period_to": date(2025, 12, 31)}, []),
    ],
)
async def test_filters_of_what_was_calculated_and_approved(project, ask, wanted, references):
    project(more_history())
    page = await ask.invoice_list.page(Filter(**wanted), PageRequest(), TODAY)
    assert [i.row.reference for i in page.items] == references
    assert page.total == len(references)


async def test_locked_and_final_ones_show_the_customer_as_at_the_request(project, ask):
    project(more_history())
    page = await ask.invoice_list.page(Filter(), PageRequest(), TODAY)
    assert {i.row.reference: (i.customer_name, i.cluster) for i in page.items} == {
        "running": ("renamed", "south"),
        "past": ("renamed", "south"),
        "failed": ("renamed", "south"),
        "asked": ("As requested", "north"),
        "ended": ("As requested", "north"),
        "final": ("As requested", "north"),
    }


@pytest.mark.parametrize(("zone", "ready"), [("Pacific/Auckland", ["R-1"]), ("America/New_York", [])])
async def test_ready_is_decided_where_the_customer_is(project, ask, zone, ready):
    """Noon of the period's last day in UTC: already tomorrow in Auckland."""
    happened = Happened()
    happened.add(*customer_saved("c-1", time_zone=zone))
    c = CustomerInvoiceFacts("R-1")
    happened.add(c.stream, c.created(), c.calculated())
    project(happened)
    noon = datetime(2026, 2, 28, 12, tzinfo=UTC)
    page = await ask.invoice_list.page(Filter(view="ready_to_approve"), PageRequest(), noon.date(), noon)
    assert ([i.row.reference for i in page.items], page.total) == (ready, len(ready))


@pytest.mark.parametrize(
    ("wanted", "references"),
    [
        ({}, ["R-1", "R-2", "ad-hoc-3"]),
        ({"view": "complete"}, ["R-2"]),
        ({"view": "approved"}, []),
        ({"view": "live"}, []),
        ({"view": "ready_to_approve"}, []),
        ({"view": "problem"}, []),
        ({"customer": "c-1"}, ["R-1"]),
        ({"cluster": "north"}, ["R-2"]),
        ({"cluster": "north", "descendants": True}, ["R-1", "R-2"]),
        ({"reference": "HOC"}, ["ad-hoc-3"]),
        ({"number": "1"}, []),
        ({"statuses": frozenset({"pending"})}, ["R-1", "ad-hoc-3"]),
        ({"statuses": frozenset({"deleted"})}, ["R-4"]),
        ({"types": frozenset({"ad_hoc"})}, ["ad-hoc-3"]),
        ({"empty": True}, ["ad-hoc-3"]),
        ({"empty": False}, ["R-1", "R-2"]),
        ({"total_from": Decimal(1)}, []),
        ({"total_to": Decimal(0), "customer": "c-1"}, ["R-1"]),
        ({"period_from": date(2026, 2, 28), "period_to": date(2026, 2, 28)}, ["R-2"]),
    ],
)
async def test_filters(project, ask, wanted, references):
    project(a_history())
    page = await ask.invoice_list.page(Filter(**wanted), PageRequest(), TODAY)
    assert [i.row.reference for i in page.items] == references
    assert page.total == len(references)


async def test_the_customer_is_joined_and_need_not_be_there(project, ask):
    project(a_history())
    page = await ask.invoice_list.page(Filter(), PageRequest(), TODAY)
    assert [(i.row.customer, i.customer_name, i.cluster) for i in page.items] == [
        ("c-1", "plain", "arctic"),
        ("c-2", "As requested", "north"),
        ("c-3", None, None),
    ]


async def test_one_invoice(project, ask):
    project(a_history())
    found = await ask.invoice_list.get(CustomerInvoiceFacts("R-4").stream.id)
    assert (found.row.status, found.customer_name) == ("deleted", "plain")
    assert await ask.invoice_list.get(UUID(int=7)) is None


async def test_pages(project, ask):
    project(a_history())
    first = await ask.invoice_list.page(Filter(), PageRequest(limit=2), TODAY)
    rest = await ask.invoice_list.page(Filter(), PageRequest(limit=2, cursor=first.next_cursor), TODAY)
    assert [i.row.reference for i in (*first.items, *rest.items)] == ["R-1", "R-2", "ad-hoc-3"]
    assert (first.total, rest.total, rest.next_cursor) == (3, 3, None)
    beyond = await ask.invoice_list.page(Filter(customer="nobody"), PageRequest(), TODAY)
    assert (beyond.items, beyond.total) == ([], 0)


KEPT = """
SELECT what, value, bucket, status, invoice_type, empty, ready_from::text, n
FROM read_models.invoice_counts WHERE n <> 0 ORDER BY 1, 2, 3, 4, 5, 6, 7
"""


def test_kept_counts_are_those_of_the_rows(project, database):
    """However the rows came about: one by one, changed often, or counted anew."""
    happened = a_history()
    project(happened)
    c = CustomerInvoiceFacts("later")
    for fact in (c.created(), c.calculated(revenue="7.77"), c.requested(), c.step_rejected(0), c.reopened()):
        happened.add(c.stream, fact)
        project(happened)
    happened.add(c.stream, c.calculated(), c.requested(), c.step_approved("person:bob"), c.approved())
    project(happened)
    with psycopg.connect(database) as connection:
        kept = connection.execute(KEPT).fetchall()
        assert len(kept) > 10
        connection.execute("SELECT read_models.count_invoices()")
        assert connection.execute(KEPT).fetchall() == kept


TOTALS = ["0", "0.01", "0.99", "1", "9.99", "10", "10.01", "99.99", "100", "12.345", "1500", "1599.999", "1e30"]


@pytest.mark.parametrize("total", TOTALS)
def test_buckets_are_the_same_here_and_in_the_database(database, total):
    exact = Decimal(total)
    with psycopg.connect(database) as connection:
        found = connection.execute("SELECT read_models.total_bucket(%s), read_models.total_bucket(-%s)", (exact, exact))
        bucket = bucket_of(exact)
        assert found.fetchone() == (bucket, -bucket)
    assert lowest(bucket) <= exact
    assert exact == 0 or exact < beyond(bucket)


LOWS = [None, "0", "0.005", "1", "14.99", "15", "99.99", "-5"]
HIGHS = [None, "0", "0.99", "15", "15.5", "99.99", "100", "-1"]


async def test_counts_of_totals_are_exact(project, ask):
    project(more_history())
    every = await ask.invoice_list.page(Filter(), PageRequest(), TODAY)
    for low, high in product(LOWS, HIGHS):
        least, most = Decimal(low or "-1000"), Decimal(high or "1000")
        wanted = Filter(total_from=least if low else None, total_to=most if high else None)
        page = await ask.invoice_list.page(wanted, PageRequest(), TODAY)
        expected = [i.row.reference for i in every.items if least <= (i.row.revenue_total or 0) <= most]
        assert ([i.row.reference for i in page.items], page.total) == (expected, len(expected)), (low, high)
