"""Recurrence rules: what they yield, what is refused, and that none runs for ever."""

from datetime import date, datetime, timedelta
from itertools import islice

import pytest
from dateutil.rrule import _iterinfo, rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.billing_contract.cycles import LATEST
from domain.billing_contract.recurrence import MAX_DATES, recurrence, run_dates
from domain.billing_contract.recurrence_text import parse
from domain.rejected import Rejected
from tests.domain.billing_contract.dates import d, days

BEGINS = d("2026-01-01")


def runs(rule: str, count: int = 4, **given_) -> list[str]:
    made = recurrence(rule, **{"begins": BEGINS, **given_})
    return [str(day) for day in islice(run_dates(made, made.first_run), count)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=MONTHLY;BYDAY=3WE", ["2026-01-21", "2026-02-18", "2026-03-18"]),
        ("FREQ=YEARLY;BYMONTH=3,6,9,12;BYDAY=-1FR", ["2026-03-27", "2026-06-26", "2026-09-25"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["2026-01-31", "2026-02-28", "2026-03-31"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", ["2026-01-30", "2026-02-27", "2026-03-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", ["2026-01-31", "2026-03-31", "2026-05-31"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", ["2028-02-29", "2032-02-29", "2036-02-29"]),
        ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=SU", ["2027-01-03", "2033-01-02", "2038-01-03"]),
        ("FREQ=YEARLY;BYYEARDAY=-1", ["2026-12-31", "2027-12-31", "2028-12-31"]),
        ("FREQ=WEEKLY;BYDAY=MO,FR", ["2026-01-02", "2026-01-05", "2026-01-09"]),
        ("FREQ=WEEKLY", ["2026-01-01", "2026-01-08", "2026-01-15"]),
        ("FREQ=MONTHLY", ["2026-01-01", "2026-02-01", "2026-03-01"]),
        ("FREQ=YEARLY", ["2026-01-01", "2027-01-01", "2028-01-01"]),
        ("FREQ=YEARLY;BYMONTH=4,5", ["2026-04-01", "2026-05-01", "2027-04-01"]),
        ("FREQ=DAILY;INTERVAL=10", ["2026-01-01", "2026-01-11", "2026-01-21"]),
        ("FREQ=DAILY;BYMONTHDAY=7", ["2026-01-07", "2026-02-07", "2026-03-07"]),
        (" rrule:freq=weekly;byday=fr;wkst=mo; ", ["2026-01-02", "2026-01-09", "2026-01-16"]),
    ],
)
def test_given_a_rule_then_its_dates(rule, expected):
    assert runs(rule, 3) == expected


def test_given_no_first_run_then_it_is_the_first_date_of_the_rule_with_interval_1():
    # Every third month counts from the first third Wednesday, which is that of the start's own month.
    assert runs("FREQ=MONTHLY;INTERVAL=3;BYDAY=3WE", 2, begins=d("2026-02-10")) == ["2026-02-18", "2026-05-20"]
    assert runs("FREQ=MONTHLY;INTERVAL=3;BYDAY=3WE", 2, begins=d("2026-02-19")) == ["2026-03-18", "2026-06-17"]


def test_given_a_first_run_then_intervals_count_from_it():
    rule = "FREQ=MONTHLY;INTERVAL=3;BYDAY=-1FR"
    assert runs(rule, 2, first_run=d("2026-03-27")) == ["2026-03-27", "2026-06-26"]


@pytest.mark.parametrize(
    ("rule", "first_run", "hint"),
    [
        ("FREQ=MONTHLY;BYDAY=3WE", "2026-01-20", "the next one it yields is 2026-01-21"),
        ("FREQ=YEARLY;BYMONTH=3", "2026-04-10", "the next one it yields is 2027-03-10"),
        ("FREQ=WEEKLY;BYDAY=MO;UNTIL=20260301", "2026-03-02", "it yields none"),
    ],
)
def test_given_a_first_run_that_the_rule_does_not_yield_then_it_is_refused(rule, first_run, hint):
    with pytest.raises(Rejected, match=hint) as refused:
        recurrence(rule, begins=BEGINS, first_run=d(first_run))
    assert (refused.value.code, refused.value.kind) == ("first-run-not-in-rule", "invalid")


def test_given_a_first_run_before_the_line_then_it_is_refused():
    with pytest.raises(Rejected, match="first-run-before-start"):
        recurrence("FREQ=DAILY", begins=BEGINS, first_run=d("2025-12-31"))


def test_weeks_start_on_monday():
    # Sunday 4 January 2026 and Monday 5 January lie in different weeks; every second week holds one of them.
    rule = "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO"
    assert runs(rule, 3, first_run=d("2026-01-04")) == ["2026-01-04", "2026-01-12", "2026-01-18"]
    assert runs(rule, 3, first_run=d("2026-01-05")) == ["2026-01-05", "2026-01-11", "2026-01-19"]


def test_given_a_position_in_the_week_then_the_first_week_is_whole_too():
    rule = "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2"
    assert runs(rule, 2, first_run=d("2026-01-07")) == ["2026-01-07", "2026-01-14"]


def test_given_a_week_of_the_year_without_a_weekday_then_it_is_that_of_the_first_run():
    assert runs("FREQ=YEARLY;BYWEEKNO=20", 2, first_run=d("2026-05-12")) == ["2026-05-12", "2027-05-18"]


def test_count_is_counted_from_the_first_run_and_until_is_included():
    assert runs("FREQ=WEEKLY;COUNT=3", 9) == ["2026-01-01", "2026-01-08", "2026-01-15"]
    assert runs("FREQ=WEEKLY;UNTIL=20260115", 9) == ["2026-01-01", "2026-01-08", "2026-01-15"]
    made = recurrence("FREQ=WEEKLY;COUNT=3", begins=BEGINS)
    assert [str(day) for day in run_dates(made, d("2026-01-09"))] == ["2026-01-15"]


@pytest.mark.parametrize("part", ["FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=HOURLY", "FREQ=DAILY;BYHOUR=1,2"])
def test_given_more_than_one_run_a_day_then_it_is_refused(part):
    with pytest.raises(Rejected) as refused:
        recurrence(part, begins=BEGINS)
    assert (refused.value.code, refused.value.kind) == ("recurrence-too-frequent", "invalid")


@pytest.mark.parametrize(
    "rule",
    [
        "",
        ";",
        "FREQ",
        "FREQ=",
        "BYDAY=MO",
        "FREQ=FORTNIGHTLY",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;INTERVAL=1001",
        "FREQ=DAILY;INTERVAL=٣",
        "FREQ=DAILY;INTERVAL=1_0",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=2;UNTIL=20260101",
        "FREQ=DAILY;UNTIL=20260101T000000Z",
        "FREQ=DAILY;UNTIL=20260230",
        "FREQ=DAILY;UNTIL=99999",
        "FREQ=DAILY;WKST=SU",
        "FREQ=DAILY;BYEASTER=0",
        "FREQ=DAILY;X-A=1",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYMONTHDAY=1,,2",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYMONTH=-1",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=MONTHLY;BYDAY=XX",
        "FREQ=MONTHLY;BYDAY=54MO",
        "FREQ=WEEKLY;BYDAY=2MO",
        "FREQ=YEARLY;BYWEEKNO=3;BYDAY=2MO",
        "FREQ=WEEKLY;BYMONTHDAY=3",
        "FREQ=MONTHLY;BYYEARDAY=3",
        "FREQ=MONTHLY;BYWEEKNO=3",
        "FREQ=MONTHLY;BYSETPOS=1",
        "FREQ=DAILY\nEXDATE=20260101",
        "FREQ=DAILY;BYMONTH=" + ",".join(["1"] * 400),
        "FREQ=DAILY;INTERVAL=" + "9" * 400,
    ],
)
def test_given_a_rule_that_can_not_be_read_then_it_is_refused(rule):
    with pytest.raises(Rejected) as refused:
        recurrence(rule, begins=BEGINS)
    assert (refused.value.code, refused.value.kind) == ("recurrence-invalid", "invalid")


def test_given_a_rule_without_a_day_and_a_start_that_its_month_lacks_then_the_refusal_says_so():
    with pytest.raises(Rejected, match="name the day with BYDAY or BYMONTHDAY"):
        recurrence("FREQ=YEARLY;BYMONTH=2", begins=d("2026-01-30"))


@pytest.mark.parametrize("rule", ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;UNTIL=20251231"])
def test_given_a_rule_that_yields_nothing_then_it_is_refused(rule):
    with pytest.raises(Rejected, match="recurrence-empty"):
        recurrence(rule, begins=BEGINS)


@pytest.mark.parametrize(
    ("rule", "ends"),
    [
        (f"FREQ=DAILY;COUNT={MAX_DATES + 1}", None),
        ("FREQ=DAILY;COUNT=" + "9" * 18, None),
        ("FREQ=DAILY;UNTIL=20530519", None),
        ("FREQ=DAILY;UNTIL=99991231", None),
        ("FREQ=DAILY", d("2053-05-20")),
    ],
)
def test_given_more_than_10_000_dates_then_it_is_refused(rule, ends):
    with pytest.raises(Rejected) as refused:
        recurrence(rule, begins=BEGINS, ends=ends)
    assert (refused.value.code, refused.value.kind) == ("recurrence-too-many-dates", "invalid")


@pytest.mark.parametrize(
    ("rule", "ends"),
    [(f"FREQ=DAILY;COUNT={MAX_DATES}", None), ("FREQ=DAILY;UNTIL=20530518", None), ("FREQ=DAILY", d("2053-05-19"))],
)
def test_given_10_000_dates_then_they_are_taken(rule, ends):
    made = recurrence(rule, begins=BEGINS, ends=ends)
    assert len(list(run_dates(made, BEGINS, d("2053-05-18")))) == MAX_DATES


def test_a_rule_without_an_end_is_counted_out_only_as_far_as_it_is_asked():
    made = recurrence("FREQ=DAILY", begins=BEGINS)
    assert next(run_dates(made, d("2300-01-01"))) == d("2300-01-01")
    assert list(run_dates(made, LATEST)) == [LATEST]
    assert list(run_dates(made, date.max)) == []


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=7",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=366",
        "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6;BYDAY=MO",
    ],
)
def test_looking_for_a_date_that_never_comes_ends_with_the_calendar(rule, monkeypatch):
    """The library looks through every year up to 9999, of which the rule leaves it 374, and that of the first week."""
    seen = set()
    rebuild = _iterinfo.rebuild
    monkeypatch.setattr(_iterinfo, "rebuild", lambda of, year, month: (seen.add(year), rebuild(of, year, month)))
    assert list(parse(rule).dates(BEGINS)) == []
    assert 300 < len(seen) <= LATEST.year - BEGINS.year + 2


@pytest.mark.parametrize("rule", ["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY"])
def test_given_days_before_the_first_run_then_there_is_no_run(rule):
    made = recurrence(rule, begins=BEGINS)
    assert next(run_dates(made, d("2024-06-01"))) == BEGINS
    assert list(run_dates(made, d("2024-06-01"), d("2025-12-31"))) == []


def test_a_week_at_the_end_of_time_is_no_error():
    assert list(parse("FREQ=WEEKLY;INTERVAL=52;BYDAY=MO,SU").dates(d("2398-12-28")))[-1] <= LATEST


COMPLETE = [
    "FREQ=DAILY",
    "FREQ=DAILY;BYDAY=MO,WE",
    "FREQ=DAILY;BYMONTH=1,6;BYMONTHDAY=-1,15",
    "FREQ=WEEKLY",
    "FREQ=WEEKLY;BYDAY=MO,SU",
    "FREQ=MONTHLY",
    "FREQ=MONTHLY;BYDAY=3WE",
    "FREQ=MONTHLY;BYDAY=-1FR,1MO",
    "FREQ=MONTHLY;BYMONTHDAY=-1,30",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2,1",
    "FREQ=YEARLY",
    "FREQ=YEARLY;BYMONTH=3,7",
    "FREQ=YEARLY;BYDAY=20MO",
    "FREQ=YEARLY;BYWEEKNO=1,53;BYDAY=MO,SU",
    "FREQ=YEARLY;BYYEARDAY=60,-1",
]


@settings(deadline=None)
@given(
    st.sampled_from(COMPLETE), st.integers(1, 14), st.none() | st.integers(1, 60), days, st.integers(-40, 2000), days
)
def test_dates_from_any_day_are_those_counted_from_the_first_run(rule, interval, count, begins, later, until):
    """As the library counts them from DTSTART in one go."""
    text = f"{rule};INTERVAL={interval}"
    text += f";COUNT={count}" if count else ""
    made = recurrence(text, begins=begins)
    first, last = begins + timedelta(days=later), until
    whole = rrulestr(text + ";WKST=MO", dtstart=datetime.combine(made.first_run, datetime.min.time()))
    moments = whole.between(
        datetime.combine(first, datetime.min.time()), datetime.combine(last, datetime.min.time()), inc=True
    )
    assert list(run_dates(made, first, last)) == [moment.date() for moment in moments]


@settings(deadline=None)
@given(st.sampled_from(COMPLETE), st.integers(1, 9), days)
def test_the_normal_form_means_the_same_and_reads_as_itself(rule, interval, begins):
    made = recurrence(f"RRULE:{rule.lower()};INTERVAL={interval}", begins=begins)
    again = recurrence(made.rule, begins=begins, first_run=made.first_run)
    assert again == made
