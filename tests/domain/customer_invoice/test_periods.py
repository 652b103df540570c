"""Which billing periods there are, and to which one a day belongs."""

from datetime import date

import pytest

from domain.customer_invoice.periods import Span, missing, period_of
from domain.reference.bodies import BillingPeriod


def d(text: str) -> date:
    return date.fromisoformat(text)


def test_months_from_the_first_of_the_month_of_bill_from_to_the_present_one() -> None:
    assert missing(d("2026-01-15"), "monthly", [], d("2026-03-01")) == [
        Span(d("2026-01-01"), d("2026-01-31")),
        Span(d("2026-02-01"), d("2026-02-28")),
        Span(d("2026-03-01"), d("2026-03-31")),
    ]


def test_nothing_before_the_first_period_begins() -> None:
    assert missing(d("2026-05-20"), "monthly", [], d("2026-04-30")) == []


def test_nothing_when_all_are_there() -> None:
    have = missing(d("2026-01-01"), "monthly", [], d("2026-06-30"))
    assert missing(d("2026-01-01"), "monthly", have, d("2026-06-30")) == []


@pytest.mark.parametrize(
    ("length", "last"),
    [
        ("weekly", "2026-02-07"),
        ("monthly", "2026-02-28"),
        ("quarterly", "2026-04-30"),
        ("half-yearly", "2026-07-31"),
        ("yearly", "2027-01-31"),
    ],
)
def test_lengths(length: BillingPeriod, last: str) -> None:
    assert missing(d("2026-02-10"), length, [], d("2026-02-10"))[0] == Span(d("2026-02-01"), d(last))


def test_a_change_of_length_takes_effect_after_the_last_existing_period() -> None:
    have = missing(d("2026-01-01"), "monthly", [], d("2026-02-10"))
    assert missing(d("2026-01-01"), "quarterly", have, d("2026-06-15")) == [
        Span(d("2026-03-01"), d("2026-05-31")),
        Span(d("2026-06-01"), d("2026-08-31")),
    ]


def test_bill_from_moved_back_fills_up_to_the_first_existing_period() -> None:
    have = missing(d("2026-03-01"), "monthly", [], d("2026-03-10"))
    assert missing(d("2026-01-20"), "monthly", have, d("2026-03-10")) == [
        Span(d("2026-01-01"), d("2026-01-31")),
        Span(d("2026-02-01"), d("2026-02-28")),
    ]


def test_weeks_moved_back_end_where_the_existing_ones_begin() -> None:
    have = missing(d("2026-03-01"), "weekly", [], d("2026-03-01"))
    before = missing(d("2026-02-01"), "weekly", have, d("2026-03-01"))
    assert before[-1].last == d("2026-02-28")
    assert [s.first for s in before] == [d("2026-02-01"), d("2026-02-08"), d("2026-02-15"), d("2026-02-22")]


@pytest.mark.parametrize(
    ("day", "first"), [("2026-01-15", "2026-01-01"), ("2026-02-28", "2026-02-01"), ("2031-07-31", "2031-07-01")]
)
def test_a_day_belongs_to_one_period_also_to_one_still_to_come(day: str, first: str) -> None:
    have = missing(d("2026-01-10"), "monthly", [], d("2026-02-10"))
    found = period_of(d(day), d("2026-01-10"), "monthly", have)
    assert found is not None
    assert found.first == d(first)


def test_days_before_bill_from_belong_to_none() -> None:
    assert period_of(d("2026-01-09"), d("2026-01-10"), "monthly", []) is None


def test_a_slip_of_the_pen_makes_no_endless_list() -> None:
    assert len(missing(d("0001-01-01"), "weekly", [], d("2026-01-01"))) == 1200
