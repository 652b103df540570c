"""A customer invoice takes and gives back purchases until it is locked or final."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from domain.customer_invoice import events as e
from domain.customer_invoice import purchases as d
from domain.customer_invoice.lifecycle import create_ad_hoc
from domain.customer_invoice.state import evolve, expect_open_to_change, fold
from domain.rejected import Rejected
from domain.usage_offer.ranges import of_numbers

OFFER = UUID(int=5)


def created():
    return create_ad_hoc(
        None,
        customer="C1",
        customer_id=UUID(int=1),
        reference="R-1",
        invoice_date=date(2026, 3, 1),
        period_from=date(2026, 2, 1),
        period_to=date(2026, 2, 28),
        currency="EUR",
    )


def source(*numbers):
    return e.PurchaseSource(
        offer=OFFER,
        provider_invoice=UUID(int=9),
        provider="ACME",
        invoice_number="F-1",
        attempt=1,
        ranges=of_numbers(numbers),
    )


def after(state, facts):
    for fact in facts:
        state = evolve(state, fact)
    return state


def holding(*numbers):
    state = fold(created())
    return after(
        state,
        d.add_purchases(
            state, source(*numbers), lines=len(numbers), cost=Decimal(len(numbers)), currency="EUR", digest="d"
        ),
    )


@pytest.mark.parametrize(
    "other",
    [
        {"customer": "C2"},
        {"currency": "USD"},
        {"invoice_date": date(2026, 3, 2)},
        {"period_from": date(2026, 2, 2)},
        {"period_to": date(2026, 2, 27)},
    ],
)
def test_the_same_reference_again_decides_nothing_and_anything_else_is_refused(other):
    state = fold(created())
    same = {
        "customer": "C1",
        "customer_id": UUID(int=1),
        "reference": "R-1",
        "invoice_date": date(2026, 3, 1),
        "period_from": date(2026, 2, 1),
        "period_to": date(2026, 2, 28),
        "currency": "EUR",
    }
    assert create_ad_hoc(state, **same) == []
    with pytest.raises(Rejected, match="reference-taken"):
        create_ad_hoc(state, **{**same, **other})


def test_purchases_come_and_go():
    state = holding(1, 2, 3)
    assert (state.lines, state.cost) == (3, 3)
    state = after(state, d.remove_purchases(state, source(2), lines=1, cost=Decimal(1), currency="EUR", reason="r"))
    assert (state.lines, state.status) == (2, "pending")
    state = after(state, d.remove_purchases(state, source(1, 3), lines=2, cost=Decimal(2), currency="EUR", reason="r"))
    assert state.holdings == {}


@pytest.mark.parametrize("status", ["approving", "approved", "closed", "deleted"])
def test_locked_and_final_ones_refuse_purchases(status):
    state = replace(holding(1), status=status)
    code = "invoice-locked" if status == "approving" else "invoice-final"
    with pytest.raises(Rejected, match=code):
        expect_open_to_change(state)
    with pytest.raises(Rejected, match=code):
        d.add_purchases(state, source(2), lines=1, cost=Decimal(1), currency="EUR", digest="d")
