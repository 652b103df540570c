"""What a subscription line comes to in a cycle, and what a change in a billed one corrects."""

from fractions import Fraction

import pytest

from domain.billing_contract.cycles import Calendar, cycle, cycle_of
from domain.billing_contract.subscription import (
    Change,
    Segment,
    Subscription,
    amount,
    checked_change,
    corrections,
    exact_amount,
    segments,
)
from domain.rejected import Rejected
from tests.domain.billing_contract.dates import D, d

JANUARY = cycle(d("2026-01-01"), "monthly", 0)
FEBRUARY = cycle(d("2026-01-01"), "monthly", 1)
CALENDAR = Calendar(d("2026-01-01"), "monthly")


def changes(*pairs: tuple[str, str]) -> tuple[Change, ...]:
    return tuple(Change(d(day), D(value)) for day, value in pairs)


def line(*quantities: tuple[str, str], policy="prorated", price="31", begins="2026-01-01", ends=None) -> Subscription:
    return Subscription(
        d(begins), changes(*quantities), changes((begins, price)), None if ends is None else d(ends), policy
    )


def shown(found: tuple[Segment, ...]) -> list[tuple[int, str]]:
    return [(one.days, str(one.quantity)) for one in found]


def test_given_no_change_then_the_whole_cycle_is_quantity_times_price():
    of = line(("2026-01-01", "10"))
    assert segments(of, JANUARY) == (Segment(JANUARY.first, JANUARY.last, D(10), D(31), 31),)
    assert amount(of, JANUARY, "EUR") == D("310.00")
    assert amount(of, FEBRUARY, "EUR") == D("310.00")


def test_given_an_increase_then_its_day_has_the_new_quantity():
    of = line(("2026-01-01", "10"), ("2026-01-11", "15"))
    assert shown(segments(of, JANUARY)) == [(10, "10"), (21, "15")]
    assert amount(of, JANUARY, "EUR") == D("415.00")  # (10 x 10 + 21 x 15) x 31 / 31


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("prorated", [(10, "10"), (10, "4"), (11, "7")]),
        ("none", [(31, "10")]),
        ("full", [(31, "7")]),
    ],
)
def test_given_a_decrease_and_an_increase_then_the_policy_says_what_counts(policy, expected):
    of = line(("2026-01-01", "10"), ("2026-01-11", "4"), ("2026-01-21", "7"), policy=policy)
    assert shown(segments(of, JANUARY)) == expected


def test_given_no_refund_then_a_decrease_counts_from_the_next_cycle_and_an_increase_by_day():
    of = line(("2026-01-01", "10"), ("2026-01-11", "4"), ("2026-01-21", "12"), ("2026-02-01", "3"), policy="none")
    assert shown(segments(of, JANUARY)) == [(20, "10"), (11, "12")]
    assert shown(segments(of, FEBRUARY)) == [(28, "3")]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("prorated", [(9, "5")]), ("none", [(28, "5")]), ("full", [])],
)
def test_given_an_end_in_mid_cycle_then_it_is_a_decrease_to_0(policy, expected):
    assert shown(segments(line(("2026-01-01", "5"), policy=policy, ends="2026-02-10"), FEBRUARY)) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("prorated", [(9, "5")]), ("none", [(9, "5")]), ("full", [(28, "5")])],
)
def test_given_a_start_in_mid_cycle_then_the_denominator_is_the_unclipped_cycle(policy, expected):
    found = segments(line(("2026-02-20", "5"), policy=policy, begins="2026-02-20"), FEBRUARY)
    assert shown(found) == expected
    assert {one.cycle_days for one in found} == {28}


def test_given_an_end_on_the_first_day_of_a_cycle_then_nothing_is_left_of_it():
    for policy in ("prorated", "none", "full"):
        assert segments(line(("2026-01-01", "5"), policy=policy, ends="2026-02-01"), FEBRUARY) == ()


def test_given_a_change_of_price_in_mid_cycle_then_it_counts_by_day_under_every_policy():
    for policy in ("prorated", "none", "full"):
        of = Subscription(
            JANUARY.first,
            changes(("2026-01-01", "1")),
            changes(("2026-01-01", "31"), ("2026-01-31", "62")),
            None,
            policy,
        )
        assert [(one.days, one.price) for one in segments(of, JANUARY)] == [(30, D(31)), (1, D(62))]
        assert amount(of, JANUARY, "EUR") == D("32.00")


def test_given_two_changes_of_one_day_then_the_last_listed_holds():
    of = line(("2026-01-01", "10"), ("2026-01-11", "99"), ("2026-01-11", "4"))
    assert shown(segments(of, JANUARY)) == [(10, "10"), (21, "4")]


def test_given_a_change_to_the_same_quantity_then_there_is_one_segment():
    assert shown(segments(line(("2026-01-01", "10"), ("2026-01-11", "10")), JANUARY)) == [(31, "10")]


def test_given_a_quantity_of_0_in_between_then_it_has_no_segment():
    of = line(("2026-01-01", "1"), ("2026-01-11", "0"), ("2026-01-21", "1"))
    assert [(str(one.first), one.days) for one in segments(of, JANUARY)] == [("2026-01-01", 10), ("2026-01-21", 11)]


def test_the_sum_is_exact_and_rounded_once():
    # Each third is 0.333...; rounded one by one they would sum to 0.99.
    of = line(
        ("2026-04-01", "1"), ("2026-04-11", "2"), ("2026-04-21", "1"), price="0.333333333333333", begins="2026-04-01"
    )
    april = cycle_of(d("2026-01-01"), "monthly", d("2026-04-01"))
    parts = segments(of, april)
    assert [one.exact for one in parts] == [Fraction(D("0.333333333333333")) * n / 3 for n in (1, 2, 1)]
    assert exact_amount(parts) == Fraction(D("0.333333333333333")) * Fraction(4, 3)
    assert amount(of, april, "EUR") == D("0.44")
    assert amount(line(("2026-01-01", "1"), price="2.005"), JANUARY, "EUR") == D("2.01")
    assert amount(line(("2026-01-01", "1"), price="0.5"), JANUARY, "JPY") == D(1)


def test_given_a_leap_year_then_february_has_29_days():
    february = cycle_of(d("2028-01-01"), "monthly", d("2028-02-01"))
    assert amount(line(("2028-01-01", "1"), ("2028-02-29", "2"), price="29"), february, "EUR") == D("30.00")


def test_given_a_change_in_an_invoiced_cycle_then_the_correction_is_recomputed_minus_billed():
    of = line(("2026-01-01", "10"), ("2026-01-22", "15"))
    billed = {JANUARY.first: D("310.00"), FEBRUARY.first: D("465.00")}
    [found] = corrections(of, CALENDAR, billed, "EUR")
    assert (found.cycle, found.recomputed, found.billed, found.amount) == (
        JANUARY,
        D("360.00"),
        D("310.00"),
        D("50.00"),
    )
    assert shown(found.segments) == [(21, "10"), (10, "15")]


@pytest.mark.parametrize(("policy", "expected"), [("prorated", ["-60.00"]), ("none", []), ("full", ["-186.00"])])
def test_given_a_decrease_in_an_invoiced_cycle_then_the_correction_follows_the_policy(policy, expected):
    of = line(("2026-01-01", "10"), ("2026-01-22", "4"), policy=policy)
    assert [str(one.amount) for one in corrections(of, CALENDAR, {JANUARY.first: D("310.00")}, "EUR")] == expected


def test_given_a_correction_that_was_billed_then_there_is_none_again():
    of = line(("2026-01-01", "10"), ("2026-01-22", "15"))
    assert corrections(of, CALENDAR, {JANUARY.first: D("360.00")}, "EUR") == ()


@pytest.mark.parametrize("policy", ["prorated", "none", "full"])
def test_given_an_end_before_a_cycle_that_was_billed_ahead_then_all_of_it_comes_back(policy):
    of = line(("2026-01-01", "10"), policy=policy, ends="2026-02-01")
    [found] = corrections(of, CALENDAR, {JANUARY.first: D("310.00"), FEBRUARY.first: D("310.00")}, "EUR")
    assert (found.cycle, found.amount, found.segments) == (FEBRUARY, D("-310.00"), ())


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (None, ["2026-01-01", "2026-02-01"]),
        ("2026-01-31", ["2026-01-01", "2026-02-01"]),
        ("2026-02-01", ["2026-02-01"]),
    ],
)
def test_given_the_earliest_day_of_what_changed_then_only_its_cycle_and_later_ones_are_looked_at(since, expected):
    billed = {JANUARY.first: D("1.00"), FEBRUARY.first: D("1.00")}
    found = corrections(line(("2026-01-01", "10")), CALENDAR, billed, "EUR", since=since and d(since))
    assert [str(one.cycle.first) for one in found] == expected


def test_given_billed_days_that_begin_no_cycle_then_it_is_an_error():
    with pytest.raises(ValueError, match="begins no cycle"):
        corrections(line(("2026-01-01", "1")), CALENDAR, {d("2026-01-02"): D(1)}, "EUR")


@pytest.mark.parametrize(
    ("day", "value", "code"),
    [
        ("2025-12-31", "1", "change-before-start"),
        ("2026-06-01", "1", "change-after-end"),
        ("2026-02-01", "-1", "quantity-negative"),
    ],
)
def test_given_an_unsound_change_then_it_is_refused(day, value, code):
    with pytest.raises(Rejected) as refused:
        checked_change(line(("2026-01-01", "1"), ends="2026-06-01"), Change(d(day), D(value)))
    assert (refused.value.code, refused.value.kind) == (code, "invalid")


def test_given_a_sound_change_then_it_is_given_back():
    one = Change(d("2026-05-31"), D(0))
    assert checked_change(line(("2026-01-01", "1"), ends="2026-06-01"), one) == one
