"""Customer invoices that need somebody, and problems that are no invoice's."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg

from projections.invoice_list.queries import InvoiceFilter
from projections.paging import PageRequest
from projections.problem_invoices.customer_invoices import Approvers
from projections.problem_invoices.queries import ProblemFilter
from tests.support.billing import CustomerInvoiceFacts, ProviderInvoiceFacts
from tests.support.records import Happened

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
MEMBERS = Approvers({"finance": ["person:bob"], "board": ["person:ann"]}, ["person:bob"])


def a_history() -> Happened:
    happened = Happened()
    c = CustomerInvoiceFacts("once", "c-1")
    happened.add(c.stream, c.created(), c.calculation_failed())
    i = ProviderInvoiceFacts("F-1")
    happened.add(i.stream, i.started(), i.failed())
    c = CustomerInvoiceFacts("again", "c-2")
    happened.add(c.stream, c.created(), c.calculation_failed(), c.changed(), c.calculation_failed(3))
    for name, groups in (("fine", ("finance",)), ("stuck", ("board",)), ("nobody", ("gone",)), ("any", (None,))):
        c = CustomerInvoiceFacts(name)
        happened.add(c.stream, c.created(), c.calculated(), c.requested(*groups, four_eyes=True))
    return happened


async def test_both_kinds_are_one_list(project, ask):
    project(a_history())
    page = await ask.problem_invoices.page(ProblemFilter(), PageRequest(), LONG_AGO, MEMBERS)
    found = [(getattr(i.row, "reference", None) or i.row.number) for i in page.items]
    assert found == ["nobody", "stuck", "again", "F-1", "once"]
    assert page.total == 5
    one = await ask.problem_invoices.page(ProblemFilter(), PageRequest(limit=3), LONG_AGO, MEMBERS)
    two = await ask.problem_invoices.page(ProblemFilter(), PageRequest(cursor=one.next_cursor), LONG_AGO, MEMBERS)
    assert [i.row.id for i in (*one.items, *two.items)] == [i.row.id for i in page.items]


async def test_one_in_whose_place_a_newer_one_is_waits_for_no_calculation_and_no_approval(project, ask):
    happened = Happened()
    c = CustomerInvoiceFacts("error")
    happened.add(c.stream, c.created(), c.calculation_failed(), c.superseded(UUID(int=7)))
    c = CustomerInvoiceFacts("open")
    happened.add(c.stream, c.created(), c.calculated(), c.superseded(UUID(int=7)))
    project(happened)
    page = await ask.problem_invoices.page(ProblemFilter(), PageRequest(), LONG_AGO, MEMBERS)
    assert (list(page.items), page.total) == ([], 0)
    now = datetime(2030, 1, 1, tzinfo=UTC)
    for view, found in (("ready_to_approve", []), ("live", ["open"])):
        listed = await ask.invoice_list.page(InvoiceFilter(view=view), PageRequest(), now.date(), now)
        assert ([item.row.reference for item in listed.items], listed.total) == (found, len(found))


async def test_messages_have_figures_and_say_what_to_do(project, ask):
    project(a_history())
    page = await ask.problem_invoices.page(ProblemFilter(), PageRequest(), LONG_AGO, MEMBERS)
    items = {getattr(i.row, "reference", ""): i for i in page.items}
    assert items["once"].message == "once of c-1: P1 has no price."
    assert "calculated again by itself" in items["once"].next_step
    assert items["again"].message == "again of c-2: P1 has no price. It failed so 3 times."
    assert "set-up" in items["again"].next_step
    assert "support" in items["again"].next_step
    assert (items["again"].tries, items["again"].since) == (3, items["again"].row.failing_since)
    assert "waits at step 1 of 1 for board" in items["stuck"].message
    assert "1 can't approve it" in items["stuck"].message


async def test_filters_tell_ours_from_theirs(project, ask):
    project(a_history())
    for wanted, count in (
        ({"customer": "c-2"}, 1),
        ({"provider": "acme"}, 1),
        ({"kinds": frozenset({"calculation_error"})}, 2),
        ({"kinds": frozenset({"approval_stuck"}), "number": "STU"}, 1),
        ({"currency": "USD"}, 0),
    ):
        page = await ask.problem_invoices.page(ProblemFilter(**wanted), PageRequest(), LONG_AGO, MEMBERS)
        assert page.total == len(page.items) == count, wanted
    without = await ask.problem_invoices.page(ProblemFilter(), PageRequest(), LONG_AGO)
    assert without.total == 3


async def test_what_no_invoice_can_take_is_found(ask, database):
    now = datetime(2026, 3, 5, tzinfo=UTC)
    with psycopg.connect(database) as connection:
        for n, (state, reference, reason, since) in enumerate(
            (
                ("unrouted", None, "C1 has no bill_from.", now),
                ("unrouted", None, "C1 has no bill_from.", now),
                ("held", "P-9", None, now - timedelta(days=2)),
                ("held", "P-10", None, now),
                ("invoiced", None, None, now),
            )
        ):
            row = connection.execute(
                "INSERT INTO purchase (id, key, customer, product, quantity, day, occurred_at, reference, digest,"
                " accepted_at, actor) VALUES (gen_random_uuid(), %s, 'C1', 'P1', 1, '2026-03-01', %s, %s, 'd', %s, 'a')"
                " RETURNING seq",
                (str(n), now, reference, now),
            ).fetchone()
            assert row is not None
            connection.execute(
                "INSERT INTO purchase_place (seq, state, reason, since) VALUES (%s, %s, %s, %s)",
                (row[0], state, reason, since),
            )
        connection.execute(
            "INSERT INTO usage_due (offer, provider_invoice, customer, state, reason, since, looked_at)"
            " VALUES (gen_random_uuid(), gen_random_uuid(), 'C2', 'unrouted', 'C2 has no bill_from.', %s, %s)",
            (now, now),
        )
        body = '{"code": "C3", "approval_process": "gone", "cluster": null}'
        connection.execute(
            "INSERT INTO reference_present (kind, code, version, position, in_force, body)"
            " VALUES ('customer', 'C3', 1, 1, true, %s)",
            (body,),
        )
    found = {f.problem: f for f in await ask.findings.all(now - timedelta(days=1))}
    assert found["purchases_held"].facts["reference"] == "P-9"
    assert found["purchases_unrouted"].facts["purchases"] == 2
    assert found["purchases_unrouted"].message.startswith("2 purchases of C1 (2026-03-01 to 2026-03-01)")
    assert found["usage_unrouted"].facts["offers"] == 1
    assert found["wrong_set_up"].message == (
        "The customer C3 names the approval-process gone in approval_process, which does not exist."
    )
    assert len(found) == 4
