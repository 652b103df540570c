"""An automatic process approves what is ready, and nothing else."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from adapters.calculation import StoredCalculationsDue
from adapters.operations import ReactionPositions
from commands.customer_invoice.calculate import calculate_due
from commands.customer_invoice.settling import expect_nothing_outstanding
from commands.customer_invoice.take_in import take_in
from commands.ports.calculation import Patience
from domain.customer_invoice.process import AUTOMATIC
from domain.identity import periodical_invoice_stream
from domain.rejected import Rejected
from services.approving import approve_automatically
from services.mailing import service_origin
from services.placing import begin_periods
from tests.services.api.conftest import api, app, client_for, parts, projecting, working
from tests.services.api.steps import ok, world
from tests.support.counter import purchase
from tests.support.customer_invoices import opened
from tests.support.waiting import eventually_async

__all__ = ["api", "app", "client_for", "parts", "projecting", "working"]


@pytest.fixture
async def month(api):
    """C1 is billed since last month, where it bought one P1 for two euros."""
    await world(api)
    now = datetime.now(UTC)
    last = now.replace(year=now.year - (now.month == 1), month=now.month - 1 or 12, day=1)
    price = {"family": "per_unit", "unit_price": "2"}
    await ok(api.put("/v1/pricing-rules/ALL", json={"name": "Two", "currency": "EUR", "price": price}))
    await ok(api.patch("/v1/customers/C1", json={"bill_from": last.date().isoformat()}))
    await ok(api.post("/v1/purchases", json=purchase(time=last.isoformat())), 201)
    return last.date().isoformat()


async def test_ready_ones_are_approved_by_themselves_empty_and_early_ones_are_not(
    api, parts, month, projecting, working
):
    async def last_month():
        items = (await ok(api.get("/v1/customer-invoices", params={"customer": "C1"})))["items"]
        return next((i for i in items if i["period_from"] == month and i["revenue_total"] == "2.00"), None)

    await eventually_async(last_month)
    assert await approve_automatically(parts) == 0
    body = {"name": "By itself", "automatic": True}
    await ok(api.put("/v1/approval-processes/default", json=body))
    assert await approve_automatically(parts) == 1
    assert await approve_automatically(parts) == 0

    async def approved():
        items = (await ok(api.get("/v1/customer-invoices", params={"view": "approved"})))["items"]
        return [i["id"] for i in items]

    (invoice,) = await eventually_async(approved)
    shown = await ok(api.get(f"/v1/customer-invoices/{invoice}"))
    assert (shown["approved"]["by"], shown["revenue_total"]) == (AUTOMATIC, "2.00")


async def test_nothing_is_approved_while_a_change_of_prices_is_on_its_way(parts):
    """Without a worker the change stays on its way: the caller is told to try again, and nothing is locked."""
    invoice, later = uuid4(), 2_000_000
    async with parts.pool.connection() as connection:
        await connection.execute(
            "INSERT INTO calculation_due (invoice, since, changed, position, cause, recheck)"
            " VALUES (%s, now(), now(), %s, 'pricing-rule ALL version 2', true)",
            (invoice, later),
        )
    assert await parts.billing.outstanding.among([invoice, uuid4()]) == {invoice: later}
    state = opened()
    with pytest.raises(Rejected, match="invoice-pending"):
        expect_nothing_outstanding(invoice, state, {invoice: later})
    expect_nothing_outstanding(uuid4(), state, {invoice: later})
    expect_nothing_outstanding(invoice, state, {invoice: state.calculation.reference_position})


@pytest.mark.parametrize(
    ("path", "body", "after"),
    [
        ("pricing-rules/ALL", {"currency": "EUR", "price": {"family": "per_unit", "unit_price": "3"}}, "3.00"),
        ("pricing-rules/P1", {"product": "P1", "currency": "EUR", "price": {"family": "per_unit", "unit_price": "4"}}, "4.00"),
        ("pricing-rules/C9", {"customer": "C9", "currency": "EUR", "price": {"family": "per_unit", "unit_price": "3"}}, None),
        ("products/P1", {"name": "Renamed"}, "2.00"),
        ("products/P9", {"name": "On no invoice"}, None),
        ("customers/C9", {"name": "Somebody else"}, None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["request-approval", "approve"])
async def test_what_was_saved_a_moment_ago_is_in_the_totals_that_are_locked(
    api, client_for, parts, month, verb, path, body, after
):
    """With nobody at work the change is not even noted: what it may touch is refused, everything else is not."""
    await ok(api.put("/v1/customers/C9", json={"name": "C9"}), 201)
    await ok(api.put("/v1/groups/finance", json={"name": "F", "members": ["ann"], "invoice_approval": True}), 201)
    ann = await client_for("approver", "operator", subject="ann")
    invoice = await calculated_by_hand(parts, month)
    await ok(api.put(f"/v1/{path}", json={"name": "N", **body}))
    asked = await ann.post(f"/v1/customer-invoices/{invoice}/{verb}")
    if after is not None:
        assert (asked.status_code, asked.json()["code"]) == (409, "invoice-pending")
        assert await calculated_by_hand(parts, month) == invoice
        asked = await ann.post(f"/v1/customer-invoices/{invoice}/{verb}")
    shown = await ok(api.get(f"/v1/customer-invoices/{invoice}"))
    assert (asked.status_code, shown["revenue_total"]) == (200, after or "2.00"), asked.text


@pytest.mark.parametrize(("verb", "status"), [("request-approval", "approving"), ("approve", "approved")])
async def test_what_was_posted_a_moment_ago_is_on_the_invoice_that_is_locked(
    api, client_for, parts, month, verb, status
):
    """Posted and asked for at once, with nobody at work: the request takes it in, calculates it and locks that."""
    await ok(api.put("/v1/groups/finance", json={"name": "F", "members": ["ann"], "invoice_approval": True}), 201)
    ann = await client_for("approver", "operator", subject="ann")
    invoice = await calculated_by_hand(parts, month)
    before = await ok(api.get(f"/v1/customer-invoices/{invoice}"))
    await ok(api.post("/v1/purchases", json=purchase("k-2", time=f"{month}T12:00:00Z")), 201)
    asked = await ann.post(f"/v1/customer-invoices/{invoice}/{verb}", headers={"if-match": f'"{before["version"]}"'})
    shown = await ok(api.get(f"/v1/customer-invoices/{invoice}"))
    assert (asked.status_code, shown["status"], shown["revenue_total"]) == (200, status, "4.00"), asked.text
    assert asked.headers["etag"] == f'"{shown["version"]}"'


async def calculated_by_hand(parts, month):
    """What the worker does, once; the invoice of the month."""

    def by():
        return service_origin(parts, "worker")

    await begin_periods(parts, ReactionPositions(parts.pool), by)
    await take_in(parts.billing, by())
    due = StoredCalculationsDue(parts.pool)
    await due.note()
    await calculate_due(parts.calculation, due, by(), Patience(pause=0))
    await due.note()
    return periodical_invoice_stream("C1", date.fromisoformat(month)).id
