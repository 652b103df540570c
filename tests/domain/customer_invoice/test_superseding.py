"""A newer invoice takes the place of one: it keeps what it says, and can only be closed, deleted and talked about."""

from decimal import Decimal
from uuid import UUID

import pytest

from domain.customer_invoice import approval, lifecycle, purchases, tasks
from domain.customer_invoice import events as e
from domain.customer_invoice.actions import Asking, available_actions
from domain.customer_invoice.calculation import calculate
from domain.customer_invoice.superseding import restorable, restore, supersede
from domain.pricing.items import Failure
from domain.rejected import Rejected
from domain.usage_offer.ranges import of_numbers
from tests.support.customer_invoices import (
    GROUPS,
    ONE_CLICK,
    SNAPSHOT,
    TODAY,
    TWO_STEPS,
    after,
    approved_fact,
    calculated,
    in_error,
    opened,
    pending,
)

NEW, OTHER = UUID(int=7), UUID(int=8)
POSTED = e.PostedSource(batch=UUID(int=20))
LINES = e.PurchaseSource(
    offer=UUID(int=5),
    provider_invoice=UUID(int=9),
    provider="ACME",
    invoice_number="F-1",
    attempt=1,
    ranges=of_numbers([1, 2]),
)


def holding():
    """Open, with two lines and three purchases."""
    state = opened("contract")
    for source, lines in ((LINES, 2), (POSTED, 3)):
        more = purchases.add_purchases(state, source, lines=lines, cost=Decimal(lines), currency="EUR", digest="d")
        state = after(state, more)
    return after(state, [calculated(2, state.version)])


def superseded(state=None):
    state = state or holding()
    return after(state, supersede(state, by=NEW, by_reference="K-1/2", reason="billed anew"))


def closing(state):
    return lifecycle.close(state, "replaced", person="ann", process=ONE_CLICK, groups=GROUPS, today=TODAY)


def test_it_holds_nothing_any_more_and_says_what_it_said():
    before, state = holding(), superseded()
    assert (state.lines, state.cost, state.costs) == (0, 0, {})
    assert (state.status, state.items, state.calculation) == ("open", before.items, before.calculation)
    assert (state.superseded.by, state.superseded.by_reference) == (NEW, "K-1/2")
    assert (state.aside.holdings, state.aside.posted) == (before.holdings, before.posted)


def test_the_same_one_again_decides_nothing_and_another_one_is_refused():
    state = superseded()
    assert supersede(state, by=NEW, by_reference="K-1/2", reason="again") == []
    with pytest.raises(Rejected) as no:
        supersede(state, by=OTHER, by_reference="K-1/3", reason="again")
    assert no.value.code == "superseded"


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (after(opened(), closing(opened())), "invoice-final"),
        (after(opened(), [approved_fact()]), "invoice-final"),
        (
            after(
                opened(),
                approval.request(opened(), TWO_STEPS, GROUPS, requester="x", snapshot=SNAPSHOT, today=TODAY),
            ),
            "invoice-locked",
        ),
    ],
)
def test_what_is_locked_or_final_keeps_its_place(state, code):
    with pytest.raises(Rejected) as no:
        supersede(state, by=NEW, by_reference="K-1/2", reason="billed anew")
    assert no.value.code == code


VERBS = {
    "recalculate": lifecycle.recalculate,
    "request": lambda s: approval.request(s, ONE_CLICK, GROUPS, requester="ann", snapshot=SNAPSHOT, today=TODAY),
    "approve": lambda s: approval.approve(s, ONE_CLICK, GROUPS, approver="ann", snapshot=SNAPSHOT, today=TODAY),
    "reject": lambda s: approval.reject(s, GROUPS, rejecter="ann", comment="no"),
    "withdraw": lambda s: approval.withdraw(s, person="ann", admin=True, reason="wrong"),
    "task": lambda s: tasks.by_hand(UUID(int=1), s, "send", again=False),
    "add": lambda s: purchases.add_purchases(s, POSTED, lines=1, cost=Decimal(1), currency="EUR", digest="d"),
    "remove": lambda s: purchases.remove_purchases(s, LINES, lines=1, cost=Decimal(1), currency="EUR", reason="r"),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("before", [pending("contract"), holding(), in_error()], ids=["pending", "open", "error"])
def test_other_verbs_are_refused_and_name_the_newer_one(verb, before):
    with pytest.raises(Rejected) as no:
        VERBS[verb](superseded(before))
    assert (no.value.code, no.value.kind) == ("superseded", "conflict")
    assert no.value.facts == {"superseded_by": str(NEW), "reference": "K-1/2"}
    assert "K-1/2" in no.value.detail


def test_the_actions_say_so_too():
    who = Asking("ann", ("operator", "approver", "admin"), ONE_CLICK, GROUPS, TODAY)
    found = {a.action: a.code for a in available_actions(superseded(), who)}
    assert {action for action, code in found.items() if code is None} == {"close", "delete", "comment"}
    assert {code for code in found.values() if code is not None} == {"superseded"}


@pytest.mark.parametrize("before", [pending("contract"), holding(), in_error()], ids=["pending", "open", "error"])
def test_it_is_not_calculated_any_more(before):
    assert calculate(superseded(before), Failure("no-price", "P1 has no price."), position=0, cause="price") == []


@pytest.mark.parametrize("before", [pending("contract"), holding(), in_error()], ids=["pending", "open", "error"])
def test_closing_it_writes_nothing_off(before):
    state = superseded(before)
    (fact,) = closing(state)
    assert (fact.lines, fact.cost, fact.costs, fact.revenue_total) == (0, 0, (), 0)
    assert after(state, [fact]).status == "closed"
    assert not restorable(after(state, [fact]), NEW)


def test_deleted_it_is_put_back_by_nothing():
    state = after(superseded(), lifecycle.delete(superseded(), "replaced"))
    assert (state.status, state.lines, state.aside) == ("deleted", 0, None)
    assert restore(state, deleted=NEW, deleted_reference="K-1/2", reason="wrong") == []


def test_final_ones_answer_that_they_are_final():
    state = superseded()
    with pytest.raises(Rejected) as no:
        lifecycle.recalculate(after(state, closing(state)))
    assert no.value.code == "invoice-final"


def test_restored_it_is_pending_and_takes_what_comes_back():
    state = superseded()
    assert restore(state, deleted=OTHER, deleted_reference="K-1/3", reason="wrong") == []
    back = restore(state, deleted=NEW, deleted_reference="K-1/2", reason="wrong")
    state = after(state, back)
    assert (state.status, state.superseded, state.aside, state.lines) == ("pending", None, None, 0)
    late = calculated(3, state.version - 1)
    assert after(state, [late]).status == "pending", "a calculation that has not seen it back is not of it"
    source = e.PostedSource(batch=POSTED.batch, without=of_numbers([4]))
    more = purchases.add_purchases(state, source, lines=2, cost=Decimal(2), currency="EUR", digest="d")
    assert [fact.type for fact in more] == ["customer-invoice.purchases-added"]
    held = after(state, more).posted[POSTED.batch]
    assert (held.lines, held.removed) == (2, of_numbers([4]))
