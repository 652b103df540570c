"""Shares sum to 100 and lose nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.billing_contract.shares import (
    Share,
    SharesFrom,
    amounts_by_customer,
    checked_shares,
    costs_by_customer,
    shares_on,
    split_amount,
    split_cost,
)
from domain.money import add, minor_units, rounded, split_at
from domain.rejected import Rejected
from tests.domain.billing_contract.dates import D, d


def shares(*percents: str) -> tuple[Share, ...]:
    return tuple(Share(name, D(percent)) for name, percent in zip("abcdefgh", percents, strict=False))


THIRDS = shares("33.3", "33.3", "33.4")


@pytest.mark.parametrize("percents", [("100",), ("50", "50"), ("33.333333333333333", "66.666666666666667")])
def test_given_shares_that_sum_to_100_then_they_are_taken(percents):
    assert checked_shares(list(shares(*percents))) == shares(*percents)


@pytest.mark.parametrize(
    ("given_", "code", "hint"),
    [
        ((), "no-customers", "name one with 100 percent"),
        (shares("50", "49.999999999999999"), "shares-not-100", "sum to 99.999999999999999 percent"),
        (shares("50", "60"), "shares-not-100", "sum to 110 percent"),
        (shares("100", "0"), "share-not-positive", "Customer b has a share of 0 percent"),
        (shares("110", "-10"), "share-not-positive", "Customer b has a share of -10 percent"),
        ((Share("a", D(50)), Share("a", D(50))), "share-twice", "Customer a has two shares"),
    ],
)
def test_given_unsound_shares_then_they_are_refused(given_, code, hint):
    with pytest.raises(Rejected, match=hint) as refused:
        checked_shares(given_)
    assert (refused.value.code, refused.value.kind) == (code, "invalid")


def test_given_shares_that_change_then_those_of_the_day_count():
    history = [SharesFrom(d("2026-03-01"), shares("50", "50")), SharesFrom(d("2026-01-01"), shares("100"))]
    assert shares_on(history, d("2025-12-31")) == shares("100")
    assert shares_on(history, d("2026-02-28")) == shares("100")
    assert shares_on(history, d("2026-03-01")) == shares("50", "50")
    assert shares_on([*history, SharesFrom(d("2026-03-01"), THIRDS)], d("2026-03-02")) == THIRDS


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("100.00", "EUR", ["33.30", "33.30", "33.40"]),
        ("0.02", "EUR", ["0.01", "0.00", "0.01"]),
        ("-0.02", "EUR", ["-0.01", "0.00", "-0.01"]),
        ("100", "JPY", ["33", "33", "34"]),
        ("0.100", "KWD", ["0.033", "0.033", "0.034"]),
    ],
)
def test_an_amount_is_split_by_largest_remainder_with_ties_to_the_first(amount, currency, expected):
    assert [str(part) for part in split_amount(D(amount), THIRDS, currency).values()] == expected


def test_a_cost_is_split_at_15_decimals():
    half = shares("50", "50")
    assert split_cost(D("0.000000000000003"), half) == {"a": D("0.000000000000002"), "b": D("0.000000000000001")}
    assert split_cost(D("1.01"), half) == {"a": D("0.505"), "b": D("0.505")}


def test_given_a_cost_with_more_decimals_then_the_rest_stays_with_the_first():
    cost = D("1.0000000000000000007")
    assert split_cost(cost, shares("50", "50")) == {"a": D("0.5000000000000000007"), "b": D("0.5")}


def test_what_names_its_customer_is_not_split():
    parts = amounts_by_customer(D("100.00"), [("b", D("7.00"))], shares("50", "50"), "EUR")
    assert parts == {"a": D("50.00"), "b": D("57.00")}
    assert costs_by_customer(D(3), [("b", D(1))], shares("50", "50")) == {"a": D("1.5"), "b": D("2.5")}
    assert costs_by_customer(None, [("b", D(1))], shares("50", "50")) == {"b": D(1)}


percents = st.lists(st.integers(1, 10**6).map(D), min_size=1, max_size=7).map(
    lambda weights: tuple(Share(f"customer {n}", part) for n, part in enumerate(split_at(D(100), weights, 15)))
)


@settings(deadline=None)
@given(percents, st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_splits_of_amounts_lose_and_invent_nothing(shared, units, currency):
    amount = D(units).scaleb(-minor_units(currency))
    checked_shares(shared)
    parts = split_amount(amount, shared, currency)
    assert add(*parts.values()) == amount
    for share in shared:
        assert abs(parts[share.customer] - amount * share.percent / 100) < D(1).scaleb(-minor_units(currency))
        assert rounded(parts[share.customer], currency) == parts[share.customer]


@settings(deadline=None)
@given(percents, st.decimals(-(10**9), 10**9, places=15), st.integers(0, 10**15))
def test_splits_of_costs_lose_and_invent_nothing(shared, cost, below):
    exact = add(cost, D(below).scaleb(-30))
    assert add(*split_cost(exact, shared).values()) == exact
