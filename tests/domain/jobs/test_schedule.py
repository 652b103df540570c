from datetime import UTC, date, datetime, time, timedelta

import pytest

from domain.jobs.schedule import due_beat, due_days, local_day, may_start, next_start, retry_after, starts_at
from domain.reference.bodies import JobBody

BERLIN = "Europe/Berlin"
BODY = JobBody(code="provider-sync")
MONDAY = date(2026, 3, 2)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def due(now, last=None, body=BODY, zone="UTC"):
    return due_days(body, now=at(now), zone=zone, last=last)


def test_the_first_day_is_today_from_its_time_on():
    assert due("2026-03-02T01:59:59") == []
    assert due("2026-03-02T02:00:00") == [MONDAY]


def test_a_day_is_due_once():
    assert due("2026-03-02T23:00", last=MONDAY) == []
    assert due("2026-03-03T01:00", last=MONDAY) == []
    assert due("2026-03-03T02:00", last=MONDAY) == [MONDAY + timedelta(days=1)]


def test_missed_days_are_due_in_order_also_before_todays_time():
    days = [MONDAY + timedelta(days=n) for n in (1, 2, 3)]
    assert due("2026-03-06T01:00", last=MONDAY) == days
    assert due("2026-03-06T02:00", last=MONDAY) == [*days, MONDAY + timedelta(days=4)]


def test_what_was_missed_long_ago_is_given_up():
    days = due("2026-12-31T03:00", last=MONDAY)
    assert (len(days), days[-1]) == (32, date(2026, 12, 31))


def test_switched_off_is_never_due():
    off = BODY.model_copy(update={"active": False})
    assert due("2026-03-02T03:00", body=off) == []
    assert next_start(off, now=at("2026-03-02T03:00"), zone="UTC", last=None) is None


def test_the_day_is_the_zones():
    assert local_day(at("2026-03-01T23:30"), BERLIN) == MONDAY
    assert due("2026-03-02T00:59", zone=BERLIN) == []
    assert due("2026-03-02T01:00", zone=BERLIN) == [MONDAY]


@pytest.mark.parametrize(
    ("day", "start"),
    [
        ("2026-03-28", "2026-03-28T01:30"),
        ("2026-03-29", "2026-03-29T01:30"),  # 02:30 is skipped that day
        ("2026-03-30", "2026-03-30T00:30"),
        ("2026-10-25", "2026-10-25T00:30"),  # 02:30 comes twice: the first
    ],
)
def test_daylight_saving_neither_skips_nor_doubles_a_day(day, start):
    assert starts_at(date.fromisoformat(day), time(2, 30), BERLIN) == at(start)


@pytest.mark.parametrize(
    ("now", "last", "start"),
    [
        ("2026-03-02T01:00", None, "2026-03-02T02:00"),
        ("2026-03-02T03:00", None, "2026-03-02T03:00"),
        ("2026-03-02T03:00", MONDAY, "2026-03-03T02:00"),
        ("2026-03-02T01:00", MONDAY - timedelta(days=1), "2026-03-02T02:00"),
        ("2026-03-02T01:00", MONDAY, "2026-03-03T02:00"),
        ("2026-03-02T01:00", MONDAY + timedelta(days=1), "2026-03-04T02:00"),
    ],
)
def test_next_start(now, last, start):
    assert next_start(BODY, now=at(now), zone="UTC", last=last) == at(start)


def test_the_summary_waits_for_the_days_sync():
    both = ("provider-sync", "import-summary")
    assert may_start("provider-sync", MONDAY, ended={}, active=both)
    assert not may_start("import-summary", MONDAY, ended={}, active=both)
    assert not may_start("import-summary", MONDAY, ended={"provider-sync": MONDAY - timedelta(days=1)}, active=both)
    assert may_start("import-summary", MONDAY, ended={"provider-sync": MONDAY}, active=both)
    assert may_start("import-summary", MONDAY, ended={}, active=("import-summary",))


@pytest.mark.parametrize(
    ("now", "last", "beat", "start"),
    [
        ("2026-03-02T09:32", None, "2026-03-02T09:30", "2026-03-02T09:32"),
        ("2026-03-02T09:32", "2026-03-02T09:29", "2026-03-02T09:30", "2026-03-02T09:32"),
        ("2026-03-02T09:32", "2026-03-02T09:30", None, "2026-03-02T09:35"),
        ("2026-03-02T09:35", "2026-03-02T09:30", "2026-03-02T09:35", "2026-03-02T09:35"),
        ("2026-03-09T09:36", "2026-03-02T09:30", "2026-03-09T09:35", "2026-03-09T09:36"),
    ],
)
def test_a_job_with_a_pace_is_due_at_each_of_its_beats(now, last, beat, start):
    body, asked = JobBody(code="periodical-invoices", every_minutes=5), last and at(last)
    assert due_beat(body, now=at(now), last=asked) == (beat and at(beat))
    assert next_start(body, now=at(now), zone="UTC", last=None, asked=asked) == at(start)
    assert due_beat(body.model_copy(update={"active": False}), now=at(now), last=asked) is None


def test_a_run_that_raised_waits_longer_each_time():
    assert [retry_after(n).total_seconds() for n in (1, 2, 3)] == [60, 120, 240]


def test_a_deployment_that_began_after_todays_hour_starts_tomorrow():
    began = at("2026-03-02T18:00")
    later = at("2026-03-02T19:00")
    assert due_days(BODY, now=later, zone="UTC", last=None, since=began) == []
    assert next_start(BODY, now=later, zone="UTC", last=None, since=began) == at("2026-03-03T02:00")
    assert due_days(BODY, now=at("2026-03-03T02:00"), zone="UTC", last=None, since=began) == [date(2026, 3, 3)]
