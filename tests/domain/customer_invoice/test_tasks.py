"""Post-invoicing tasks: armed, disarmed, by hand, and what an answer leads to."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from domain.customer_invoice import events as e
from domain.customer_invoice.tasks import Done, NotDone, armed, by_hand, due, ended, next_try
from domain.rejected import Rejected
from tests.support.customer_invoices import NAMES, after, approved_fact, calculated, created
from tests.support.origins import NOW

ID = UUID(int=7)
TIMEOUT = NotDone("timeout", "It did not answer.", final=False)
REFUSED = NotDone("refused", "It answered 400.", final=True, status=400)
DRAFT = after(None, [created(), *armed(ID, **NAMES, tasks=["charge", "send", "charge"], by="run"), calculated()])
APPROVED = after(DRAFT, [approved_fact()])


def answered(state, result, tries=1, now=NOW, name="charge"):
    facts = ended(state, state.tasks[name], result, tries, now)
    return facts, after(state, facts)


def test_armed_once_each_and_due_when_approved():
    assert list(DRAFT.tasks) == ["send", "charge"]
    assert DRAFT.tasks["charge"].key == f"{ID}:charge"
    assert due(DRAFT, "charge") is None
    assert due(APPROVED, "charge") == APPROVED.tasks["charge"]
    assert due(APPROVED, "sync") is None


@pytest.mark.parametrize("end", ["closed", "deleted"])
def test_an_end_without_approval_disarms(end):
    fact = (
        e.CustomerInvoiceClosed(**NAMES, reason="never", lines=0, cost=0)
        if end == "closed"
        else e.CustomerInvoiceDeleted(**NAMES, reason="wrong")
    )
    ended_state = after(DRAFT, [fact])
    assert {task.status for task in ended_state.tasks.values()} == {"disarmed"}
    assert due(ended_state, "charge") is None
    assert not after(ended_state, [created()]).tasks


def test_by_hand_needs_an_approved_invoice():
    with pytest.raises(Rejected, match="not-approved"):
        by_hand(ID, DRAFT, "sync", again=False)
    (fact,) = by_hand(ID, APPROVED, "sync", again=False)
    assert (fact.task, fact.round, fact.key, fact.by) == ("sync", 1, f"{ID}:sync", "hand")


def test_by_hand_on_what_is_under_way_or_done_decides_nothing_unless_again():
    assert by_hand(ID, APPROVED, "charge", again=True) == []
    facts, done = answered(APPROVED, Done(201))
    assert [f.type for f in facts] == ["customer-invoice.task-succeeded"]
    assert by_hand(ID, done, "charge", again=False) == []
    (fact,) = by_hand(ID, done, "charge", again=True)
    assert (fact.round, fact.key) == (2, f"{ID}:charge:2")
    assert after(done, [fact]).tasks["charge"].pending


def test_what_failed_is_asked_by_hand_with_the_same_key():
    facts, failed = answered(APPROVED, REFUSED)
    assert (facts[0].code, facts[0].number, facts[0].status) == ("refused", "INV-1", 400)
    assert due(failed, "charge") is None
    (fact,) = by_hand(ID, failed, "charge", again=True)
    assert (fact.round, fact.key) == (1, f"{ID}:charge")


def test_a_state_that_stays_is_one_fact_another_one_is_another():
    facts, unknown = answered(APPROVED, TIMEOUT)
    assert facts[0].give_up_at == NOW + timedelta(days=7)
    assert answered(unknown, TIMEOUT, 2, NOW + timedelta(hours=1))[0] == []
    (other,), _ = answered(unknown, replace(TIMEOUT, code="http-500"), 3, NOW + timedelta(hours=2))
    assert (other.code, other.since, other.tries) == ("http-500", NOW, 3)


def test_after_a_week_it_is_given_up():
    _, unknown = answered(APPROVED, TIMEOUT)
    week = timedelta(days=7)
    assert answered(unknown, TIMEOUT, 30, NOW + week - timedelta(seconds=1))[0] == []
    (fact,), _ = answered(unknown, TIMEOUT, 31, NOW + week)
    assert (fact.type, fact.code, fact.tries) == ("customer-invoice.task-failed", "given-up", 31)


def test_a_late_success_counts_and_nothing_undoes_it():
    asked = APPROVED.tasks["charge"]
    failed = after(APPROVED, ended(APPROVED, asked, REFUSED, 1, NOW))
    done = after(failed, ended(failed, asked, Done(200), 2, NOW))
    assert done.tasks["charge"].status == "succeeded"
    assert ended(done, asked, REFUSED, 3, NOW) == []
    assert ended(failed, asked, TIMEOUT, 3, NOW) == []


def test_an_answer_to_an_earlier_round_is_no_answer_to_this_one():
    done = answered(APPROVED, Done(200))[1]
    again = after(done, by_hand(ID, done, "charge", again=True))
    assert ended(again, APPROVED.tasks["charge"], REFUSED, 1, NOW) == []


def test_pauses_double_up_to_six_hours_and_the_last_try_is_at_the_end_of_the_week():
    tries, at, tried = 0, NOW, [NOW]
    while at < NOW + timedelta(days=7):
        tries += 1
        at = next_try(tries, at, NOW)
        tried.append(at)
    pauses = [b - a for a, b in pairwise(tried)]
    assert pauses[:3] == [timedelta(seconds=s) for s in (10, 20, 40)]
    assert max(pauses) == timedelta(hours=6)
    assert tried[-1] == NOW + timedelta(days=7)
    assert 30 < len(tried) < 50
