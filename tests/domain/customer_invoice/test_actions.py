"""What a caller may do, and the code of the rule for what is refused."""

from datetime import date

import pytest

from domain.customer_invoice.actions import Asking, available_actions
from domain.customer_invoice.approval import approve, request
from domain.customer_invoice.approval_events import ApprovalStep
from domain.customer_invoice.process import Process
from tests.support.customer_invoices import GROUPS, ONE_CLICK, SNAPSHOT, TODAY, TWO_STEPS, after, opened, pending

ALL = ("operator", "approver", "admin")


def codes(state, person="ann", roles=ALL, process=ONE_CLICK, today=TODAY):
    who = Asking(person, roles, process, GROUPS, today)
    return {a.action: a.code for a in available_actions(state, who)}


def test_everything_has_a_verdict_and_codes_say_why_not() -> None:
    assert codes(opened()) == {
        "recalculate": None,
        "request-approval": None,
        "approve": None,
        "reject": "approval-not-requested",
        "withdraw": "approval-not-requested",
        "close": None,
        "comment": None,
        "delete": None,
        **dict.fromkeys(("tasks/send", "tasks/sync", "tasks/charge"), "not-approved"),
    }


@pytest.mark.parametrize(
    ("action", "code", "more"),
    [
        ("approve", "role-too-small", {"roles": ("operator",)}),
        ("approve", "not-in-group", {"person": "zoe"}),
        ("approve", "period-not-past", {"today": date(2026, 2, 28)}),
        ("approve", "approval-not-requested", {"process": TWO_STEPS}),
        ("close", "not-in-group", {"person": "zoe"}),
        ("withdraw", "role-too-small", {"roles": ("approver",)}),
        ("comment", "role-too-small", {"roles": ("viewer",)}),
    ],
)
def test_the_rule_that_refuses(action, code, more) -> None:
    assert codes(opened(), **more)[action] == code


def test_a_pending_one_waits() -> None:
    found = codes(pending("periodical"))
    assert (found["recalculate"], found["approve"], found["request-approval"]) == ("invoice-pending",) * 3
    assert found["delete"] == "periodical-not-deletable"


def test_while_it_is_in_approval() -> None:
    process = Process("p", 1, (ApprovalStep(group="finance", approvals=2),))
    state = after(opened(), request(opened(), process, GROUPS, requester="ann", snapshot=SNAPSHOT, today=TODAY))
    found = codes(state)
    assert (found["approve"], found["reject"], found["withdraw"], found["comment"]) == (None,) * 4
    assert (found["request-approval"], found["recalculate"], found["close"]) == ("invoice-locked",) * 3
    assert codes(state, person="bob", roles=("operator",))["withdraw"] == "not-requester"
    once = after(state, approve(state, process, GROUPS, approver="ann", snapshot=SNAPSHOT, today=TODAY).facts)
    assert codes(once)["approve"] == "approved-already"
