"""How a customer invoice ends without approval, and what may be said about it."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from domain.customer_invoice import events as e
from domain.customer_invoice import lifecycle as l
from domain.customer_invoice.approval import request
from domain.customer_invoice.purchases import add_purchases
from domain.rejected import Rejected
from tests.support.customer_invoices import (
    GROUPS,
    ONE_CLICK,
    SNAPSHOT,
    TODAY,
    TWO_STEPS,
    after,
    calculated,
    in_error,
    opened,
    pending,
)


def close(state, person="ann", today=TODAY, process=ONE_CLICK):
    return l.close(state, "bankrupt", person=person, process=process, groups=GROUPS, today=today)


def approving():
    return after(opened(), request(opened(), TWO_STEPS, GROUPS, requester="x", snapshot=SNAPSHOT, today=TODAY))


def closed():
    return after(opened(), close(opened()))


def deleted():
    return after(opened(), l.delete(opened(), "double"))


def test_closing_says_what_is_written_off() -> None:
    (fact,) = close(opened())
    assert (fact.lines, str(fact.revenue_total), fact.closed_by) == (0, "120.00", "ann")
    assert closed().status == "closed"
    assert close(closed()) == []


def test_closing_keeps_the_customer_and_all_costs_of_whatever_currency() -> None:
    held = opened()
    for n, (currency, cost) in enumerate((("USD", "1.005"), ("EUR", "2.5"), ("USD", "0.000000000000001"))):
        source = e.PostedSource(batch=UUID(int=n))
        added = add_purchases(held, source, lines=1, cost=Decimal(cost), currency=currency, digest="d")
        held = after(held, added)
    held = after(held, [calculated(2, held.version)])
    (fact,) = l.close(held, "bankrupt", person="ann", process=ONE_CLICK, groups=GROUPS, today=TODAY, snapshot=SNAPSHOT)
    assert fact.snapshot == SNAPSHOT
    assert [(sum_.currency, sum_.cost) for sum_ in fact.costs] == [
        ("EUR", Decimal("2.5")),
        ("USD", Decimal("1.005000000000001")),
    ]
    assert fact.cost == Decimal("2.5")


def test_an_invoice_in_error_can_be_closed() -> None:
    assert after(in_error(), close(in_error())).status == "closed"


@pytest.mark.parametrize(
    ("state", "person", "today", "code"),
    [
        (pending(), "ann", TODAY, "invoice-pending"),
        (approving(), "ann", TODAY, "invoice-locked"),
        (deleted(), "ann", TODAY, "invoice-final"),
        (opened(), "ann", date(2026, 2, 28), "period-not-past"),
        (opened(), "cy", TODAY, "not-in-group"),
    ],
)
def test_what_closing_is_refused_for(state, person, today, code) -> None:
    with pytest.raises(Rejected, match=code):
        close(state, person, today)


def test_a_member_of_any_step_may_close() -> None:
    assert close(opened(), "cy", process=TWO_STEPS)


@pytest.mark.parametrize("state", [pending(), opened(), in_error(), opened("contract")])
def test_ad_hoc_and_contract_invoices_are_deleted(state) -> None:
    after_it = after(state, l.delete(state, "double"))
    assert after_it.status == "deleted"
    assert l.delete(after_it, "double") == []


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (opened("periodical"), "periodical-not-deletable"),
        (approving(), "invoice-locked"),
        (closed(), "invoice-final"),
    ],
)
def test_what_deleting_is_refused_for(state, code) -> None:
    with pytest.raises(Rejected, match=code):
        l.delete(state, "double")


@pytest.mark.parametrize("state", [opened(), in_error()])
def test_recalculate_makes_it_pending_once(state) -> None:
    again = after(state, l.recalculate(state))
    assert (again.status, again.failure) == ("pending", None)
    assert l.recalculate(again) == []


@pytest.mark.parametrize(("state", "code"), [(approving(), "invoice-locked"), (closed(), "invoice-final")])
def test_what_is_locked_or_final_is_not_recalculated(state, code) -> None:
    with pytest.raises(Rejected, match=code):
        l.recalculate(state)


@pytest.mark.parametrize("state", [pending(), opened(), in_error(), approving()])
def test_comments_are_numbered_until_it_is_final(state) -> None:
    (first,) = l.comment(state, "ann", " one ")
    state = after(state, [first])
    (second,) = l.comment(state, "bob", "<b>two</b>")
    assert isinstance(second, e.CustomerInvoiceCommented)
    assert (first.number, first.comment, second.number, second.comment) == (1, "one", 2, "<b>two</b>")


@pytest.mark.parametrize(
    ("text", "code"), [("", "comment-missing"), (" \n ", "comment-missing"), ("x" * 10_001, "comment-too-long")]
)
def test_what_is_no_comment(text, code) -> None:
    with pytest.raises(Rejected, match=code):
        l.comment(opened(), "ann", text)


def test_the_longest_comment() -> None:
    assert l.comment(opened(), "ann", "x" * 10_000)


@pytest.mark.parametrize("state", [closed(), deleted()])
def test_final_ones_are_not_commented(state) -> None:
    with pytest.raises(Rejected, match="invoice-final"):
        l.comment(state, "ann", "late")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"period_to": date(2026, 2, 1)}, "period-backwards"),
        ({"period_to": date(9999, 12, 31)}, "date-too-late"),
        ({"invoice_date": date(9999, 12, 31)}, "date-too-late"),
        ({"currency": "XXX"}, "unknown-currency"),
        ({"currency": "eur"}, "unknown-currency"),
    ],
)
def test_what_is_no_ad_hoc_invoice(wrong, code) -> None:
    wanted = {
        "customer": "C1",
        "customer_id": UUID(int=1),
        "reference": "R-1",
        "invoice_date": date(2026, 3, 1),
        "period_from": date(2026, 2, 2),
        "period_to": date(2026, 2, 28),
        "currency": "EUR",
    }
    assert l.create_ad_hoc(None, **wanted)
    with pytest.raises(Rejected, match=code):
        l.create_ad_hoc(None, **{**wanted, **wrong})
