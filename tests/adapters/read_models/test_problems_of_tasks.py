"""Invoices whose post-invoicing tasks need somebody."""

from datetime import timedelta

from projections.paging import PageRequest
from projections.problem_invoices.queries import ProblemFilter
from tests.support.billing import CustomerInvoiceFacts
from tests.support.records import START, Happened
from tests.support.task_facts import TaskFacts

LATER = START + timedelta(hours=1)


def a_history() -> Happened:
    """`R-1` failed twice over, `R-2` is not known, `R-3` is done, `R-4` failed and is run by hand."""
    happened = Happened()
    for n, story in enumerate(("failed", "unknown", "succeeded", "again"), 1):
        c, t = CustomerInvoiceFacts(f"R-{n}"), TaskFacts(f"R-{n}")
        happened.add(c.stream, c.created(), c.calculated(), c.approved(f"INV-{n}"), t.armed("charge"), t.armed("send"))
        told = t.failed("charge", 3) if story == "again" else getattr(t, story)("charge", 3)
        happened.add(c.stream, told, t.failed("send") if story == "failed" else t.succeeded("send"))
        if story == "again":
            happened.add(c.stream, t.armed("charge"))
    return happened


async def listed(ask, **wanted):
    page = await ask.problem_invoices.page(ProblemFilter(**wanted), PageRequest(), LATER, None)
    return {item.row.reference: item for item in page.items}


async def test_what_failed_and_what_is_not_known_for_long(project, ask):
    project(a_history())
    found = await listed(ask)
    assert {reference: item.kind for reference, item in found.items()} == {"R-1": "failed_task", "R-2": "unknown_task"}
    one, two = found["R-1"], found["R-2"]
    assert one.message == (
        "INV-1 of c-1: charge failed after 3 tries: pay.example answered 400. "
        "INV-1 of c-1: send failed after 1 try: pay.example answered 400."
    )
    assert f"POST /v1/customer-invoices/{one.row.id}/tasks/charge: it is asked with the same key" in one.next_step
    assert (one.code, one.tries) == ("refused", 3)
    assert "INV-2 of c-1: whether charge is done is not known" in two.message
    assert "until 2026-03-08" in two.next_step
    assert (two.code, two.tries) == ("timeout", 3)
    page = await ask.problem_invoices.page(ProblemFilter(), PageRequest(), START, None)
    assert [item.row.reference for item in page.items] == ["R-1"]


async def test_they_are_found_by_kind_and_customer(project, ask):
    project(a_history())
    assert set(await listed(ask, kinds=frozenset({"unknown_task"}))) == {"R-2"}
    assert set(await listed(ask, kinds=frozenset({"failed_task"}), customer="c-1", currency="EUR")) == {"R-1"}
    assert await listed(ask, customer="c-9") == {}
