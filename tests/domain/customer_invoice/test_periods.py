"""Which billing periods there are, and to which one a day belongs."""

from datetime import date

import pytest

from domain.customer_invoice.periods import LAST_DAY, Span, missing, period_of
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


def test_months_after_weeks_begin_with_the_rest_of_a_month() -> None:
    weeks = missing(d("2026-01-01"), "weekly", [], d("2026-01-22"))
    assert weeks[-1].last == d("2026-01-28")
    assert missing(d("2026-01-01"), "monthly", weeks, d("2026-02-03")) == [
        Span(d("2026-01-29"), d("2026-01-31")),
        Span(d("2026-02-01"), d("2026-02-28")),
    ]


@pytest.mark.parametrize("length", ["weekly", "monthly", "quarterly", "half-yearly", "yearly"])
def test_a_bill_from_at_the_end_of_the_calendar_has_no_periods(length: BillingPeriod) -> None:
    assert missing(d("9999-12-01"), length, [], d("2026-02-03")) == []


@pytest.mark.parametrize("length", ["weekly", "monthly", "quarterly", "half-yearly", "yearly"])
@pytest.mark.parametrize("had", ["weekly", "quarterly"])
def test_a_day_far_ahead_belongs_to_the_period_that_comes_to_be(length: BillingPeriod, had: BillingPeriod) -> None:
    have = missing(d("2026-01-10"), had, [], d("2026-02-10"))
    later = missing(d("2026-01-10"), length, have, d("2028-03-31"))
    for day in ("2026-05-01", "2027-02-28", "2028-03-31"):
        assert period_of(d(day), d("2026-01-10"), length, have) == next(s for s in later if d(day) in s)


def test_no_period_is_as_late_as_the_end_of_the_calendar() -> None:
    assert period_of(LAST_DAY, d("2026-01-10"), "weekly", []) is not None
    with pytest.raises(ValueError, match="no period"):
        period_of(d("9999-12-31"), d("2026-01-10"), "monthly", [])
