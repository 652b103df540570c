"""Cycles count from the contract's start and come back to its day of the month."""

from datetime import date, timedelta
from itertools import count, islice, takewhile

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.billing_contract.cycles import EARLIEST, LATEST, Calendar, checked_day, cycle, cycle_of
from domain.customer_invoice.periods import Span
from domain.rejected import Rejected
from tests.domain.billing_contract.dates import FREQUENCIES, MONTHS, d, days, frequencies, starts


def plainly(start: date, frequency: str, number: int) -> date:
    """The first day of a cycle, as another library has it."""
    if frequency == "weekly":
        return start + timedelta(weeks=number)
    return start + relativedelta(months=MONTHS[frequency] * number)


def firsts(start: str, frequency, many: int) -> list[str]:
    return [str(one.first) for one in islice(Calendar(d(start), frequency).cycles(), many)]


@pytest.mark.parametrize(
    ("start", "frequency", "first", "last"),
    [
        ("2026-01-01", "monthly", "2026-01-01", "2026-01-31"),
        ("2026-01-15", "monthly", "2026-01-15", "2026-02-14"),
        ("2026-01-15", "weekly", "2026-01-15", "2026-01-21"),
        ("2026-01-15", "quarterly", "2026-01-15", "2026-04-14"),
        ("2026-01-15", "half-yearly", "2026-01-15", "2026-07-14"),
        ("2026-01-15", "yearly", "2026-01-15", "2027-01-14"),
        ("2024-02-29", "yearly", "2024-02-29", "2025-02-27"),
    ],
)
def test_given_a_start_the_first_cycle_ends_the_day_before_the_second(start, frequency, first, last):
    one = cycle(d(start), frequency, 0)
    assert (one.first, one.last, one.number) == (d(first), d(last), 0)


def test_given_the_31st_then_short_months_are_clamped_and_long_ones_are_back_on_the_31st():
    assert firsts("2024-01-31", "monthly", 5) == ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31"]
    assert firsts("2025-01-31", "monthly", 3) == ["2025-01-31", "2025-02-28", "2025-03-31"]


@pytest.mark.parametrize("anchor", [28, 29, 30, 31])
def test_given_an_anchor_late_in_the_month_then_only_shorter_months_move_it(anchor):
    found = list(islice(Calendar(date(2023, 1, anchor), "monthly").cycles(), 48))
    for one in found:
        end_of_month = (one.first + timedelta(days=1)).month != one.first.month
        assert one.first.day == anchor or (one.first.day < anchor and end_of_month)


def test_given_a_leap_day_then_yearly_cycles_come_back_to_it():
    assert firsts("2024-02-29", "yearly", 5) == ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]


def test_given_quarters_from_30_november_then_february_is_clamped():
    assert firsts("2025-11-30", "quarterly", 3) == ["2025-11-30", "2026-02-28", "2026-05-30"]


@settings(deadline=None)
@given(starts, frequencies, st.integers(0, 120))
def test_a_cycle_is_start_plus_k_periods_and_touches_the_next(start, frequency, number):
    one = cycle(start, frequency, number)
    assert one.first == plainly(start, frequency, number)
    assert one.following == plainly(start, frequency, number + 1) == cycle(start, frequency, number + 1).first
    assert one.days == (one.following - one.first).days


@settings(deadline=None)
@given(starts, frequencies, st.integers(0, 5000))
def test_every_day_from_the_start_on_lies_in_one_cycle(start, frequency, later):
    day = start + timedelta(days=later)
    one = cycle_of(start, frequency, day)
    assert day in one
    assert one == cycle(start, frequency, one.number)
    assert Calendar(start, frequency).named(one.first) == one


def test_given_a_day_before_the_start_then_there_is_no_cycle():
    with pytest.raises(ValueError, match="before the first cycle"):
        cycle_of(d("2026-01-01"), "monthly", d("2025-12-31"))
    assert Calendar(d("2026-01-01"), "monthly").of(d("2025-12-31")) is None


def test_given_a_line_that_starts_and_ends_in_mid_cycle_then_its_cycles_are_the_contracts_and_clipped():
    calendar = Calendar(d("2026-01-15"), "monthly", begins=d("2026-03-01"), ends=d("2026-04-20"))
    cycles = list(calendar.cycles())
    assert [str(one.first) for one in cycles] == ["2026-02-15", "2026-03-15", "2026-04-15"]
    assert [calendar.clipped(one) for one in cycles] == [
        Span(d("2026-03-01"), d("2026-03-14")),
        Span(d("2026-03-15"), d("2026-04-14")),
        Span(d("2026-04-15"), d("2026-04-19")),
    ]


def test_given_an_end_on_a_cycles_first_day_then_that_cycle_is_not_billed():
    calendar = Calendar(d("2026-01-01"), "monthly", ends=d("2026-03-01"))
    assert [str(one.first) for one in calendar.cycles()] == ["2026-01-01", "2026-02-01"]
    assert calendar.of(d("2026-03-01")) is None


def test_given_an_end_before_the_start_then_there_is_no_cycle():
    assert list(Calendar(d("2026-03-01"), "monthly", ends=d("2026-03-01")).cycles()) == []


@settings(deadline=None)
@given(starts, frequencies, days, days)
def test_cycles_between_two_days_are_those_that_meet_them(start, frequency, one_day, other_day):
    first, last = sorted((one_day, other_day))
    found = list(Calendar(start, frequency).cycles(first, last))
    every = takewhile(lambda one: one.first <= last, (cycle(start, frequency, number) for number in count()))
    assert found == [one for one in every if one.last >= first]


@pytest.mark.parametrize(
    ("first", "hint"),
    [
        ("2026-02-02", "the cycle of that day is 2026-02-01"),
        ("2025-12-01", "the first one is 2026-01-01"),
        ("2026-07-01", "2026-06-10 is the first day that is not billed"),
    ],
)
def test_given_a_day_that_begins_no_cycle_then_it_is_refused_with_a_hint(first, hint):
    calendar = Calendar(d("2026-01-01"), "monthly", ends=d("2026-06-10"))
    with pytest.raises(Rejected, match=hint) as refused:
        calendar.named(d(first))
    assert (refused.value.code, refused.value.kind) == ("cycle-unknown", "invalid")


def test_given_no_cycle_at_all_then_naming_one_is_refused_too():
    with pytest.raises(Rejected, match="cycle-unknown"):
        Calendar(d("2026-03-01"), "monthly", ends=d("2026-03-01")).named(d("2026-02-01"))


def test_the_next_uninvoiced_cycle_is_the_earliest_that_is_not_done():
    calendar = Calendar(d("2026-01-01"), "monthly", ends=d("2026-04-01"))
    assert str(calendar.next_uninvoiced([]).first) == "2026-01-01"
    assert str(calendar.next_uninvoiced([d("2026-01-01"), d("2026-03-01")]).first) == "2026-02-01"
    assert calendar.next_uninvoiced([d("2026-01-01"), d("2026-02-01"), d("2026-03-01")]) is None


@pytest.mark.parametrize("day", [EARLIEST - timedelta(days=1), LATEST + timedelta(days=1), date.min, date.max])
def test_given_a_day_that_contracts_do_not_know_then_it_is_refused(day):
    with pytest.raises(Rejected, match="date-out-of-range"):
        checked_day(day)
    with pytest.raises(Rejected, match="cycle-unknown"):
        Calendar(d("2026-01-01"), "monthly").named(day)


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_a_calendar_comes_to_an_end(frequency):
    assert list(Calendar(d("2390-12-31"), frequency).cycles())[-1].last >= LATEST
