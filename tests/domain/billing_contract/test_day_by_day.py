"""Billed over all cycles is what an independent count, day by day, comes to, whatever happens to a line."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.billing_contract.cycles import Calendar
from domain.billing_contract.subscription import Change, Subscription, amount, corrections, exact_amount, segments
from domain.money import add
from tests.domain.billing_contract.dates import FREQUENCIES, MONTHS, D, starts

DAY = timedelta(days=1)
POLICIES = ("prorated", "none", "full")
quantities = st.integers(0, 40).map(D) | st.decimals(min_value=0, max_value=50, places=3)
prices = st.decimals(min_value=D("0.01"), max_value=D("99.99"), places=5)


@st.composite
def histories(draw, policy: str) -> tuple[date, str, Subscription]:
    """A contract's start, its frequency, and a line with changes, which starts and may end anywhere."""
    start, frequency = draw(starts), draw(st.sampled_from(FREQUENCIES))
    span = 90 if frequency == "weekly" else 400
    begins = start + DAY * draw(st.integers(0, span))
    ends = draw(st.none() | st.integers(1, span).map(lambda n: begins + DAY * n))

    def drawn(values, most: int) -> tuple[Change, ...]:
        later = draw(st.lists(st.tuples(st.integers(0, 2 * span), values), max_size=most))
        return (Change(begins, draw(values)), *(Change(begins + DAY * n, value) for n, value in later))

    return start, frequency, Subscription(begins, drawn(quantities, 8), drawn(prices, 2), ends, policy)


def cycles_of(start: date, frequency: str, last: date) -> Iterator[tuple[date, date]]:
    """First day and the day after the last, by another library."""
    number, begin = 0, start
    while begin <= last:
        number += 1
        step = timedelta(weeks=number) if frequency == "weekly" else relativedelta(months=MONTHS[frequency] * number)
        yield begin, start + step
        begin = start + step


def value_on(changes: tuple[Change, ...], day: date) -> Decimal:
    """The value on a day: what was said last of all that was said for the latest day."""
    value, said_for = changes[0].value, changes[0].day
    for change in changes[1:]:
        if said_for <= change.day <= day:
            value, said_for = change.value, change.day
    return value


def used_on(line: Subscription, day: date) -> Decimal:
    inside = line.begins <= day and (line.ends is None or day < line.ends)
    return value_on(line.quantities, day) if inside else D(0)


def counted(line: Subscription, first: date, after: date) -> Fraction:
    """One cycle, a day at a time."""
    length = (after - first).days
    total, before = Fraction(0), D(0)
    for number in range(length):
        day = first + DAY * number
        quantity = used_on(line, after - DAY if line.refund_policy == "full" else day)
        if line.refund_policy == "none" and quantity < before:
            quantity = before
        before = quantity
        total += Fraction(quantity) * Fraction(value_on(line.prices, day)) / length
    return total


def to_the_cent(exact: Fraction) -> Decimal:
    """Half up; nothing here is negative."""
    return Decimal(int(exact * 100 + Fraction(1, 2))).scaleb(-2)


def watched(line: Subscription) -> date:
    """Far enough to see every change."""
    return max(change.day for change in (*line.quantities, *line.prices)) + 40 * DAY


@pytest.mark.parametrize("policy", POLICIES)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_each_cycle_and_so_all_of_them_is_what_its_days_come_to(policy, data):
    start, frequency, line = data.draw(histories(policy))
    last = watched(line)
    billed = {
        one.first: (exact_amount(segments(line, one)), amount(line, one, "EUR"))
        for one in Calendar(start, frequency, line.begins, line.ends).cycles(last=last)
    }
    independent = {first: counted(line, first, after) for first, after in cycles_of(start, frequency, last)}
    assert {first: exact for first, (exact, _) in billed.items() if exact} == {
        first: exact for first, exact in independent.items() if exact
    }
    assert add(*(rounded for _, rounded in billed.values())) == add(*(to_the_cent(one) for one in independent.values()))


@pytest.mark.parametrize("policy", POLICIES)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_segments_lie_in_their_cycle_without_overlap(policy, data):
    start, frequency, line = data.draw(histories(policy))
    for one in Calendar(start, frequency, line.begins, line.ends).cycles(last=watched(line)):
        days = [part.first + DAY * n for part in segments(line, one) for n in range(part.days)]
        assert days == sorted(set(days))
        assert all(day in one for day in days)
        assert all(part.cycle_days == (one.last - one.first).days + 1 for part in segments(line, one))


@pytest.mark.parametrize("policy", POLICIES)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_however_late_changes_are_told_billed_and_corrected_comes_to_the_same(policy, data):
    """Cycles are billed in order while changes, and at last the end, become known at any time."""
    start, frequency, whole = data.draw(histories(policy))
    last = watched(whole)
    cycles = list(Calendar(start, frequency, whole.begins).cycles(last=last))[:16]
    told = [data.draw(st.integers(0, len(cycles))) for _ in whole.quantities[1:]]
    end_told = data.draw(st.integers(0, len(cycles)))
    billed: dict[date, Decimal] = {}
    for number in range(len(cycles) + 1):
        known = (
            whole.quantities[0],
            *(change for change, at in zip(whole.quantities[1:], told, strict=True) if at <= number),
        )
        line = Subscription(whole.begins, known, whole.prices, whole.ends if end_told <= number else None, policy)
        calendar = Calendar(start, frequency, line.begins, line.ends)
        due = corrections(line, calendar, billed, "EUR")
        news = [change.day for change, at in zip(whole.quantities[1:], told, strict=True) if at == number]
        news += [whole.ends] if whole.ends is not None and end_told == number else []
        assert due == (corrections(line, calendar, billed, "EUR", since=min(news)) if news else ())
        for correction in due:
            billed[correction.cycle.first] = add(billed[correction.cycle.first], correction.amount)
        assert corrections(line, calendar, billed, "EUR") == ()
        if number < len(cycles) and calendar.of(max(cycles[number].first, line.begins)) is not None:
            billed[cycles[number].first] = amount(line, cycles[number], "EUR")
    following = {one.first: one.following for one in cycles}
    assert {first: sum_ for first, sum_ in billed.items() if sum_} == {
        first: to_the_cent(counted(whole, first, after))
        for first, after in following.items()
        if to_the_cent(counted(whole, first, after))
    }
