"""What a contract comes to as entries, each with the day it is billed on."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.billing_contract.cycles import Calendar, cycle
from domain.billing_contract.recurrence import recurrence
from domain.billing_contract.schedule import (
    CycleSchedule,
    Entry,
    MilestoneSchedule,
    RunSchedule,
    checked_cut_off,
    checked_offset,
    closing_date,
    entries,
    next_run,
    run_date,
    upcoming,
)
from domain.rejected import Rejected
from tests.domain.billing_contract.dates import d, days, frequencies, starts

JANUARY = d("2026-01-01")
LONG_AGO, FAR_OFF = date.min, date.max


def shown(found: list[Entry]) -> list[str]:
    return [f"{one.run_date} {one.kind} {one.first}" for one in found]


def monthly_runs(**more) -> RunSchedule:
    made = recurrence("FREQ=MONTHLY;BYDAY=3WE", begins=JANUARY)
    return RunSchedule("work", made, **more)


@pytest.mark.parametrize(
    ("offset", "day"),
    [(2, "2026-02-02"), (0, "2026-01-31"), (-10, "2026-01-21"), (-366, "2025-01-30"), (366, "2027-02-01")],
)
def test_given_an_offset_then_a_cycle_is_billed_so_many_days_after_its_end(offset, day):
    assert run_date(cycle(JANUARY, "monthly", 0), offset) == d(day)


def test_by_default_a_cycle_that_ends_on_31_january_is_billed_on_2_february():
    found = entries([CycleSchedule(Calendar(JANUARY, "monthly"))], d("2026-02-01"), d("2026-02-28"))
    assert found == [Entry(d("2026-02-02"), "cycle", None, JANUARY, d("2026-01-31"))]
    assert found[0].named_by == JANUARY


def test_given_a_contract_that_ends_in_mid_cycle_then_the_cycle_keeps_its_days_and_its_run_date():
    calendar = Calendar(JANUARY, "monthly", ends=d("2026-02-10"))
    assert shown(entries([CycleSchedule(calendar)], LONG_AGO, FAR_OFF)) == [
        "2026-02-02 cycle 2026-01-01",
        "2026-03-02 cycle 2026-02-01",
    ]


def test_given_a_line_that_starts_in_mid_cycle_then_it_is_billed_with_that_cycle():
    calendar = Calendar(JANUARY, "monthly", begins=d("2026-02-10"), ends=d("2026-03-01"))
    assert shown(entries([CycleSchedule(calendar, line="late")], LONG_AGO, FAR_OFF)) == ["2026-03-02 cycle 2026-02-01"]


def test_a_run_has_its_cut_off_one_day_before_by_default():
    [one] = entries([monthly_runs()], d("2026-02-01"), d("2026-02-28"))
    assert one == Entry(d("2026-02-18"), "run", "work", d("2026-02-18"), d("2026-02-18"), cut_off=d("2026-02-17"))
    assert one.named_by == d("2026-02-18")


@pytest.mark.parametrize(("days_before", "cut_off"), [(0, "2026-02-18"), (1, "2026-02-17"), (20, "2026-01-29")])
def test_given_a_cut_off_then_it_is_counted_from_the_run_date(days_before, cut_off):
    [one] = entries([monthly_runs(cut_off_days=days_before)], d("2026-02-01"), d("2026-02-28"))
    assert one.cut_off == d(cut_off)


def test_given_a_line_that_ends_then_runs_stop_and_one_last_run_takes_what_is_ready():
    # 28 February is the last day billed; the last run is 2 days later, as for a cycle that ends that day.
    found = entries([monthly_runs(ends=d("2026-03-01"))], LONG_AGO, FAR_OFF)
    assert shown(found) == ["2026-01-21 run 2026-01-21", "2026-02-18 run 2026-02-18", "2026-03-02 run 2026-03-02"]
    assert [one.closing for one in found] == [False, False, True]
    assert found[-1].cut_off is None


def test_given_an_end_then_the_last_run_and_the_last_cycle_are_of_one_day():
    ends = d("2026-03-01")
    last_cycle = list(Calendar(JANUARY, "monthly", ends=ends).cycles())[-1]
    for offset in (-366, -3, 0, 2, 366):
        assert closing_date(ends, offset) == run_date(last_cycle, offset)


def test_given_a_run_on_the_day_of_the_last_run_then_there_is_one_and_it_takes_all():
    found = entries([monthly_runs(ends=d("2026-02-19"), offset=0)], d("2026-02-01"), FAR_OFF)
    assert found == [Entry(d("2026-02-18"), "run", "work", d("2026-02-18"), d("2026-02-18"), closing=True)]


def test_given_a_negative_offset_then_the_last_run_comes_before_the_end():
    found = entries([monthly_runs(ends=d("2026-03-01"), offset=-20)], d("2026-02-01"), FAR_OFF)
    assert [(str(one.run_date), one.closing) for one in found] == [("2026-02-08", True), ("2026-02-18", False)]


def test_milestones_are_billed_on_their_dates_and_what_is_left_at_the_end():
    line = MilestoneSchedule(
        "build",
        (("go-live", d("2026-03-10")), ("kick-off", d("2026-01-10")), ("never", d("2026-04-01"))),
        d("2026-04-01"),
    )
    found = entries([line], LONG_AGO, FAR_OFF)
    assert [(str(one.run_date), one.kind, one.name, one.closing) for one in found] == [
        ("2026-01-10", "milestone", "kick-off", False),
        ("2026-03-10", "milestone", "go-live", False),
        ("2026-04-02", "milestone", "never", False),
        ("2026-04-02", "run", None, True),
    ]


def test_given_two_milestones_of_one_day_then_both_are_entries():
    line = MilestoneSchedule("build", (("b", JANUARY), ("a", JANUARY)))
    assert [one.name for one in entries([line], JANUARY, JANUARY)] == ["a", "b"]


def whole() -> list:
    return [
        monthly_runs(),
        CycleSchedule(Calendar(JANUARY, "monthly")),
        CycleSchedule(Calendar(JANUARY, "quarterly"), line="support", offset=2),
        MilestoneSchedule("build", (("go-live", d("2026-02-02")),)),
    ]


def test_entries_of_several_schedules_come_in_order_of_run_date_kind_and_line():
    found = entries(whole(), d("2026-02-01"), d("2026-04-02"))
    assert [(str(one.run_date), one.kind, one.line) for one in found] == [
        ("2026-02-02", "cycle", None),
        ("2026-02-02", "milestone", "build"),
        ("2026-02-18", "run", "work"),
        ("2026-03-02", "cycle", None),
        ("2026-03-18", "run", "work"),
        ("2026-04-02", "cycle", None),
        ("2026-04-02", "cycle", "support"),
    ]


def test_lists_show_the_next_12():
    found = upcoming(whole(), d("2026-02-02"))
    assert len(found) == 12
    assert found == entries(whole(), d("2026-02-02"), found[-1].run_date)[:12]


def test_the_next_run_is_the_first_run_date_from_a_day_on():
    assert next_run(whole(), d("2026-02-03")) == d("2026-02-18")
    assert next_run(whole(), d("2026-02-18")) == d("2026-02-18")
    assert next_run([CycleSchedule(Calendar(JANUARY, "monthly", ends=d("2026-02-01")))], d("2026-02-03")) is None
    assert next_run([], JANUARY) is None


@settings(deadline=None)
@given(starts, frequencies, st.integers(-366, 366), st.none() | days, days, days)
def test_cycles_between_two_run_dates_are_all_of_them_and_no_others(start, frequency, offset, ends, one_day, other_day):
    first, last = sorted((one_day, other_day))
    calendar = Calendar(start, frequency, ends=ends)
    found = entries([CycleSchedule(calendar, offset=offset)], first, last)
    every = calendar.cycles(last=last + timedelta(days=400 + 366))
    wanted = [one.first for one in every if first <= one.last + timedelta(days=offset) <= last]
    assert [one.first for one in found] == wanted
    assert all(one.run_date == one.last + timedelta(days=offset) for one in found)


@settings(deadline=None)
@given(starts, st.integers(-366, 366), st.none() | days, st.lists(days, min_size=2, max_size=2).map(sorted), days)
def test_a_window_cut_in_two_has_the_same_entries(start, offset, ends, window, middle):
    first, last = window
    made = recurrence("FREQ=WEEKLY;INTERVAL=3;BYDAY=TU", begins=start)
    schedules = [
        CycleSchedule(Calendar(start, "monthly", ends=ends), offset=offset),
        RunSchedule("work", made, ends, offset=offset),
        MilestoneSchedule("build", (("one", middle), ("two", last)), ends, offset),
    ]
    cut = min(max(middle, first), last)
    parts = entries(schedules, first, cut) + entries(schedules, cut + timedelta(days=1), last)
    assert parts == entries(schedules, first, last)


@pytest.mark.parametrize("offset", [-367, 367])
def test_given_an_offset_out_of_range_then_it_is_refused(offset):
    with pytest.raises(Rejected, match="from -366 to 366") as refused:
        checked_offset(offset)
    assert (refused.value.code, refused.value.kind) == ("offset-out-of-range", "invalid")


@pytest.mark.parametrize("days_before", [-1, 367])
def test_given_a_cut_off_out_of_range_then_it_is_refused(days_before):
    with pytest.raises(Rejected, match="cut-off-out-of-range"):
        checked_cut_off(days_before)


def test_what_is_in_range_is_given_back():
    assert [checked_offset(one) for one in (-366, 0, 366)] == [-366, 0, 366]
    assert [checked_cut_off(one) for one in (0, 366)] == [0, 366]
