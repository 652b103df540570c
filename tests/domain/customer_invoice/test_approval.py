"""Every row of the table of transitions that is about approval: given a state, when somebody decides, then facts."""

from dataclasses import replace
from datetime import date

import pytest

from domain.customer_invoice import approval_events as a
from domain.customer_invoice.approval import Approving, Number, approve, approved, reject, request, withdraw
from domain.customer_invoice.lifecycle import close
from domain.customer_invoice.process import AUTOMATIC, BUILT_IN, Groups, Process
from domain.reference.invoice_bodies import DEFAULT_PROCESS
from domain.rejected import Rejected
from tests.support.customer_invoices import (
    GROUPS,
    ONE_CLICK,
    SNAPSHOT,
    TODAY,
    TWO_STEPS,
    after,
    in_error,
    opened,
    pending,
)

FOUR_EYES = replace(TWO_STEPS, four_eyes=True)


def requested(process=TWO_STEPS, by="ann"):
    state = opened()
    return after(state, request(state, process, GROUPS, requester=by, snapshot=SNAPSHOT, today=TODAY))


def says_yes(state, who, process=TWO_STEPS, **more):
    return approve(state, process, GROUPS, approver=who, snapshot=SNAPSHOT, today=TODAY, **more)


def yes(state, who, **more):
    return after(state, says_yes(state, who, **more).facts)


def numbered(state, who="ann", sequence=7):
    number = Number(f"INV-2026-{sequence:06}", "default", 2026, sequence)
    return after(state, [approved(state, number, approver=who, day=TODAY)])


def final():
    return numbered(yes(opened(), "ann", process=ONE_CLICK))


def refused(call):
    with pytest.raises(Rejected) as no:
        call()
    return no.value.code


def test_a_request_locks_with_the_process_in_force_and_the_customer_as_now() -> None:
    state = requested()
    assert state.status == "approving"
    assert (state.approval.process, state.approval.process_version, state.approval.step) == ("two", 3, 1)
    assert state.approval.snapshot == SNAPSHOT


def test_a_running_request_is_not_made_twice() -> None:
    assert request(requested(), TWO_STEPS, GROUPS, requester="bob", snapshot=SNAPSHOT, today=TODAY) == []


@pytest.mark.parametrize(
    ("state", "process", "today", "code"),
    [
        (pending(), TWO_STEPS, TODAY, "invoice-pending"),
        (in_error(), TWO_STEPS, TODAY, "invoice-error"),
        (opened(), TWO_STEPS, date(2026, 2, 28), "period-not-past"),
        (opened(), Process("none", 1, (a.ApprovalStep(group="nobody"),)), TODAY, "group-empty"),
        (after(opened(), close(opened(), "r", person="ann", process=ONE_CLICK, groups=GROUPS, today=TODAY)),
         TWO_STEPS, TODAY, "invoice-final"),
        (final(), TWO_STEPS, TODAY, "invoice-final"),
    ],
)  # fmt: skip
def test_what_a_request_is_refused_for(state, process, today, code) -> None:
    assert refused(lambda: request(state, process, GROUPS, requester="x", snapshot=SNAPSHOT, today=today)) == code


def test_a_contract_can_bill_early_from_its_invoice_date_on() -> None:
    contract = opened("contract")
    early = replace(contract, period_to=date(2026, 12, 31))
    assert request(early, TWO_STEPS, GROUPS, requester="x", snapshot=SNAPSHOT, today=early.invoice_date)
    day_before = date(2026, 3, 2)
    assert (
        refused(lambda: request(early, TWO_STEPS, GROUPS, requester="x", snapshot=SNAPSHOT, today=day_before))
        == "period-not-past"
    )


def test_one_click_approves_from_open_with_both_facts() -> None:
    decision = says_yes(opened(), "ann", ONE_CLICK)
    assert [type(fact) for fact in decision.facts] == [a.ApprovalRequested, a.StepApproved]
    assert decision.completes
    state = final()
    assert state.status == "approved"
    assert (state.approved.number, state.approved.approved_by) == ("INV-2026-000007", "ann")
    assert (str(state.approved.revenue_total), state.approved.items_digest) == ("120.00", "d" * 64)


@pytest.mark.parametrize(
    "process",
    [TWO_STEPS, replace(ONE_CLICK, four_eyes=True), Process("p", 1, (a.ApprovalStep(group="finance", approvals=2),))],
)
def test_whatever_needs_more_than_one_word_is_requested_first(process) -> None:
    assert refused(lambda: says_yes(opened(), "ann", process)) == "approval-not-requested"


@pytest.mark.parametrize(
    ("state", "code"), [(pending(), "invoice-pending"), (in_error(), "invoice-error"), (final(), "invoice-final")]
)
def test_what_an_approval_is_refused_for(state, code) -> None:
    assert refused(lambda: says_yes(state, "bob", ONE_CLICK)) == code


def test_one_click_needs_the_period_past_and_the_group() -> None:
    early = date(2026, 2, 28)
    assert refused(
        lambda: approve(opened(), ONE_CLICK, GROUPS, approver="ann", snapshot=SNAPSHOT, today=early)
    ) == "period-not-past"  # fmt: skip
    assert refused(lambda: says_yes(opened(), "cy", ONE_CLICK)) == "not-in-group"


def test_steps_are_approved_in_order_and_the_last_completes() -> None:
    first = says_yes(requested(), "ann", comment=" fine ")
    assert not first.completes
    assert (first.facts[0].comment, first.facts[0].complete, first.facts[0].step) == ("fine", True, 1)
    second = after(requested(), first.facts)
    assert second.approval.step == 2
    assert refused(lambda: says_yes(second, "ann")) == "not-in-group"
    assert says_yes(second, "cy").completes


def test_a_process_saved_meanwhile_changes_nothing() -> None:
    state = yes(requested(), "ann", process=ONE_CLICK)
    assert state.status == "approving"
    assert state.approval.step == 2


def test_several_approvers_a_step_are_several_persons() -> None:
    process = Process("p", 1, (a.ApprovalStep(group="finance", approvals=2),))
    state = yes(requested(process, by="cy"), "ann")
    assert state.approval.approvers == ("ann",)
    assert says_yes(state, "ann") == Approving()
    last = says_yes(state, "bob")
    assert (last.facts[0].approvals, last.facts[0].needed, last.completes) == (2, 2, True)


def test_four_eyes_compares_persons() -> None:
    state = requested(FOUR_EYES, by="ann")
    assert refused(lambda: says_yes(state, "ann")) == "four-eyes"
    second = yes(state, "bob")
    assert refused(lambda: says_yes(second, "bob")) == "four-eyes"
    assert says_yes(second, "cy").completes


def test_four_eyes_remembers_earlier_steps_after_a_rejection_but_not_the_one_that_was_undone() -> None:
    steps = tuple(a.ApprovalStep(group=group) for group in ("finance", "board", "finance"))
    process = Process("three", 1, steps, four_eyes=True)
    groups = Groups({"finance": frozenset({"ann", "bob"}), "board": frozenset({"ann", "bob", "cy"})})

    def word(state, who):
        return after(
            state, approve(state, process, groups, approver=who, snapshot=SNAPSHOT, today=TODAY).facts
        )  # fmt: skip

    state = after(opened(), request(opened(), process, groups, requester="x", snapshot=SNAPSHOT, today=TODAY))
    third = word(word(state, "ann"), "cy")
    second = after(third, reject(third, groups, rejecter="bob", comment="no"))
    assert (second.approval.step, second.approval.earlier) == (2, ("ann",))
    with pytest.raises(Rejected, match="four-eyes"):
        word(second, "ann")
    assert word(second, "cy").approval.step == 3


def test_approving_what_one_has_approved_decides_nothing() -> None:
    assert says_yes(final(), "ann", ONE_CLICK) == Approving()


def test_reject_goes_a_step_back_and_from_the_first_reopens() -> None:
    second = yes(requested(), "ann")
    first = after(second, reject(second, GROUPS, rejecter="cy", comment="too dear"))
    assert (first.status, first.approval.step) == ("approving", 1)
    facts = reject(first, GROUPS, rejecter="bob", comment="still")
    assert [type(fact) for fact in facts] == [a.StepRejected, a.Reopened]
    reopened = after(first, facts)
    assert (reopened.status, reopened.approval, reopened.stale) == ("pending", None, True)


def test_who_can_reject_and_what_it_needs() -> None:
    assert refused(lambda: reject(requested(), GROUPS, rejecter="cy", comment="no")) == "not-in-group"
    assert refused(lambda: reject(requested(), GROUPS, rejecter="ann", comment=" ")) == "comment-missing"
    assert refused(lambda: reject(opened(), GROUPS, rejecter="ann", comment="no")) == "approval-not-requested"
    assert refused(lambda: reject(final(), GROUPS, rejecter="ann", comment="no")) == "invoice-final"


@pytest.mark.parametrize(("person", "admin"), [("ann", False), ("root", True)])
def test_the_requester_or_an_admin_withdraws(person, admin) -> None:
    facts = withdraw(requested(by="ann"), person=person, admin=admin, reason="wrong price")
    assert [type(fact) for fact in facts] == [a.ApprovalWithdrawn, a.Reopened]
    assert after(requested(), facts).status == "pending"


def test_nobody_else_withdraws_and_only_what_runs() -> None:
    assert refused(lambda: withdraw(requested(by="ann"), person="bob", admin=False, reason="r")) == "not-requester"
    assert refused(lambda: withdraw(opened(), person="bob", admin=True, reason="r")) == "approval-not-requested"
    assert refused(lambda: withdraw(final(), person="ann", admin=True, reason="r")) == "invoice-final"


def test_the_built_in_process_is_one_step_of_any_approving_group() -> None:
    assert Process.of(DEFAULT_PROCESS, 0) == BUILT_IN
    assert GROUPS.of(None) == {"ann", "bob"}
    assert says_yes(opened(), "bob", BUILT_IN).completes
    assert refused(lambda: says_yes(opened(), "cy", BUILT_IN)) == "not-in-group"


def test_an_automatic_process_needs_no_person_but_a_past_period_and_a_settled_invoice() -> None:
    automatic = replace(ONE_CLICK, automatic=True)
    assert says_yes(opened(), AUTOMATIC, process=automatic).completes
    assert refused(lambda: says_yes(opened(), AUTOMATIC, process=ONE_CLICK)) == "not-in-group"
    assert refused(lambda: says_yes(pending(), AUTOMATIC, process=automatic)) == "invoice-pending"
    early = {"approver": AUTOMATIC, "snapshot": SNAPSHOT, "today": opened().period_to}
    assert refused(lambda: approve(opened(), automatic, Groups(), **early)) == "period-not-past"
