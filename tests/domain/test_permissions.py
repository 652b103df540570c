import pytest

from domain.permissions import ACTIONS, allowed, require
from domain.rejected import Rejected

TABLE = {
    "read": "viewer operator approver auditor admin",
    "history.read": "operator approver auditor admin",
    "events.read": "auditor admin",
    "as-of.read": "auditor admin",
    "provider-invoice.activate": "operator admin",
    "provider.sync": "operator admin",
    "customer-invoice.comment": "operator approver admin",
    "provider-invoice.override-checksum": "operator admin",
    "provider-invoice.release": "operator admin",
    "customer-invoice.approve": "approver",
    "customer-invoice.close": "approver",
    "reference.save": "admin",
    "key.create": "admin",
    "job.change": "admin",
}


@pytest.mark.parametrize("action", TABLE)
def test_the_table(action):
    roles = ("viewer", "operator", "approver", "auditor", "admin")
    assert [role for role in roles if allowed(action, {role})] == TABLE[action].split()


def test_roles_add_up_and_none_is_nothing():
    assert allowed("customer-invoice.approve", {"viewer", "approver"})
    assert not any(allowed(action, ()) for action in ACTIONS)


def test_a_refusal_says_what_is_needed():
    with pytest.raises(Rejected) as info:
        require("reference.save", {"operator"})
    assert (info.value.code, info.value.kind, info.value.facts["needs"]) == ("role-too-small", "forbidden", ["admin"])


def test_an_action_that_nobody_named_is_a_mistake():
    with pytest.raises(KeyError):
        allowed("invoice.frobnicate", {"admin"})
