"""The customer invoice list follows batches and ends."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from projections.invoice_list.fold import INVOICE_LIST
from tests.projections.given import only
from tests.support.billing import CustomerInvoiceFacts
from tests.support.records import START, Happened
from tests.support.task_facts import TaskFacts

C = CustomerInvoiceFacts()
NEWER = UUID(int=7)


def after(*facts):
    happened = Happened()
    for fact in facts:
        happened.add(C.stream, fact)
    return only(INVOICE_LIST, happened)


def test_a_new_invoice_is_pending_and_empty():
    row = after(C.created())
    assert (row.status, row.stale, row.lines, row.cost, row.number) == ("pending", True, 0, Decimal(0), None)
    assert (row.created_position, row.version, row.customer) == (1, 1, "c-1")


def test_batches_come_and_go_exactly():
    row = after(C.created(), C.added(5, "12.345"), C.added(2, "0.000000000000001"), C.removed(1, "2.345"))
    assert (row.lines, row.cost) == (6, Decimal("10.000000000000001"))


def test_a_task_moves_the_version_only():
    t = TaskFacts()
    before = after(C.created(), C.calculated(), C.approved())
    row = after(C.created(), C.calculated(), C.approved(), t.armed("send"), t.failed("send"))
    moved = {"version": 5, "position": 5, "changed_at": row.changed_at}
    assert row == before._replace(**moved)


@pytest.mark.parametrize(
    ("fact", "status", "stale"),
    [("changed", "pending", True), ("closed", "closed", False), ("deleted", "deleted", False)],
)
def test_ends(fact, status, stale):
    row = after(C.created(), C.added(), getattr(C, fact)())
    assert (row.status, row.stale) == (status, stale)


def test_a_calculation_gives_totals_and_opens():
    row = after(C.created(), C.added(), C.calculated(through=2))
    assert (row.status, row.stale, row.revenue_total, row.items) == ("open", False, Decimal("15.00"), 2)
    assert (row.cost_total, row.cost) == (Decimal("12.35"), Decimal("12.345"))


def test_a_batch_that_came_meanwhile_keeps_it_pending_with_new_totals():
    row = after(C.created(), C.added(), C.added(), C.calculated(through=2))
    assert (row.status, row.stale, row.revenue_total) == ("pending", True, Decimal("15.00"))


def test_costs_in_another_currency_are_not_added_up():
    foreign = C.added().model_copy(update={"currency": "USD"})
    row = after(C.created(), C.added(5, "10"), foreign)
    assert (row.lines, row.cost) == (10, Decimal(10))


def test_a_failure_is_remembered_from_the_first_try_until_it_succeeds():
    row = after(C.created(), C.calculation_failed(), C.changed(), C.calculation_failed(tries=2))
    assert (row.status, row.failure_code, row.failure_tries, row.failure_product) == ("error", "no-price", 2, "P1")
    assert row.failing_since == START.replace(minute=2)
    mended = after(C.created(), C.calculation_failed(), C.changed(), C.calculated())
    assert (mended.status, mended.failure_code, mended.failing_since) == ("open", None, None)


def test_a_request_locks_and_takes_the_customer_as_it_is():
    row = after(C.created(), C.calculated(), C.requested("finance", "board", four_eyes=True))
    assert (row.status, row.step, row.step_group, list(row.barred)) == ("approving", 1, "finance", ["person:ann"])
    assert (row.snapshot_name, row.snapshot_cluster) == ("As requested", "north")


def test_steps_go_forth_and_back():
    start = (C.created(), C.calculated(), C.requested("finance", "board", four_eyes=True))
    second = after(*start, C.step_approved("person:bob"))
    assert (second.step, second.step_group, list(second.approvers)) == (2, "board", [])
    assert list(second.barred) == ["person:ann", "person:bob"]
    back = after(*start, C.step_approved("person:bob"), C.step_rejected(1))
    assert (back.step, list(back.barred), list(back.steps_done)) == (1, ["person:ann"], [])


def test_without_four_eyes_only_who_approved_the_step_is_barred():
    row = after(C.created(), C.calculated(), C.requested(None), C.step_approved("person:bob", complete=False))
    assert (row.step, row.step_group, list(row.barred), list(row.approvers)) == (
        1,
        None,
        ["person:bob"],
        ["person:bob"],
    )


def test_reopened_it_shows_the_customer_as_it_is_now():
    row = after(C.created(), C.calculated(), C.requested(), C.step_rejected(0), C.reopened())
    assert (row.status, row.stale, row.step, row.process, row.snapshot_version) == ("pending", True, None, None, None)


def test_approved_it_has_its_number_for_ever():
    row = after(C.created(), C.calculated(), C.requested(), C.step_approved("person:bob"), C.approved())
    assert (row.status, row.number, row.ended_by, row.step) == ("approved", "INV-2026-000001", "person:bob", None)
    assert (row.snapshot_name, list(row.barred)) == ("As requested", [])


def test_comments_are_counted_over_a_deletion():
    row = after(C.created(), C.commented(), C.deleted(), C.created(), C.commented(2))
    assert (row.comments, row.status) == (2, "pending")
    assert after(C.created(), C.commented(), C.deleted(), C.created()).comments == 1


def test_the_day_from_which_it_can_be_approved():
    assert after(C.created()).ready_from == date(2026, 3, 1)
    assert after(C.created(kind="contract")).ready_from == date(2026, 2, 28)


def test_whose_items_are_recomputed_waits_for_a_calculation_that_saw_them():
    row = after(C.created(kind="contract"), C.calculated(), C.changed(), C.recomputed())
    assert (row.status, row.stale, row.revenue_total, row.last_batch) == ("pending", True, Decimal("15.00"), 4)
    row = after(C.created(kind="contract"), C.changed(), C.recomputed(), C.calculated(through=2))
    assert row.status == "pending"
    row = after(C.created(kind="contract"), C.changed(), C.recomputed(), C.calculated(through=3))
    assert row.status == "open"


def test_one_in_whose_place_a_newer_one_is_keeps_its_totals_and_is_never_ready():
    row = after(C.created(), C.added(), C.calculated(), C.superseded(NEWER))
    assert (row.status, row.revenue_total, row.lines, row.cost) == ("open", Decimal("15.00"), 0, 0)
    assert (row.superseded_by, row.ready_from) == (str(NEWER), date.max)


def test_restored_it_takes_back_what_follows():
    row = after(C.created(), C.added(), C.calculated(), C.superseded(NEWER), C.restored(NEWER), C.added(3, "7"))
    assert (row.status, row.stale, row.lines, row.cost) == ("pending", True, 3, 7)
    assert (row.superseded_by, row.ready_from, row.last_batch) == (None, date(2026, 3, 1), 6)
