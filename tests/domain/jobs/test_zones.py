from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from domain.jobs.zones import (
    ZoneDays,
    begun,
    doing,
    due_in_zones,
    newest_day,
    next_day,
    next_in_zones,
    oldest_due,
)
from domain.reference.bodies import JobBody

TWO = time(2, 0)
BODY = JobBody(code="invoice-run")
EAST, HOME, WEST = "Pacific/Auckland", "UTC", "America/Los_Angeles"
ZONES = (EAST, HOME, WEST)
MONDAY = date(2026, 2, 2)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_zone_has_a_day_from_its_own_hour_on():
    assert newest_day(at("2026-02-02T01:59:59"), TWO, HOME) == date(2026, 2, 1)
    assert newest_day(at("2026-02-02T02:00:00"), TWO, HOME) == MONDAY
    assert newest_day(at("2026-02-01T13:00:00"), TWO, EAST) == MONDAY  # 02:00 of the 2nd in Auckland
    assert newest_day(at("2026-02-02T09:59:59"), TWO, WEST) == date(2026, 2, 1)
    assert newest_day(at("2026-02-02T10:00:00"), TWO, WEST) == MONDAY


def test_missed_days_are_caught_up_in_order_each_zone_for_itself():
    done = {EAST: MONDAY, HOME: date(2026, 1, 30), WEST: date(2026, 1, 31)}
    now, order = at("2026-02-02T02:00:00"), []
    while True:
        zones = [ZoneDays(zone, day) for zone, day in done.items()]
        day = oldest_due(zones, now, TWO)
        if day is None:
            break
        here = doing(zones, day, now, TWO)
        order.append((day.day, here))
        done |= dict.fromkeys(here, day)
    assert order == [(31, [HOME]), (1, [HOME, WEST]), (2, [HOME])]
    assert done == {EAST: MONDAY, HOME: MONDAY, WEST: date(2026, 2, 1)}


def test_a_zone_never_looked_at_begins_where_something_is_due():
    now = at("2026-02-02T12:00:00")
    assert oldest_due([ZoneDays(HOME)], now, TWO) == MONDAY
    assert oldest_due([ZoneDays(HOME, None, date(2026, 5, 1))], now, TWO) == MONDAY
    assert oldest_due([ZoneDays(HOME, None, date(2026, 1, 30))], now, TWO) == date(2026, 1, 30)
    assert oldest_due([ZoneDays(HOME, MONDAY, date(2026, 1, 30))], now, TWO) is None


def test_by_hand_a_day_has_begun_at_midnight():
    zones = [ZoneDays(zone) for zone in ZONES]
    assert begun(zones, MONDAY, at("2026-02-02T00:30:00")) == [EAST, HOME]
    assert begun(zones, MONDAY, at("2026-02-02T08:00:00")) == [EAST, HOME, WEST]


def test_a_beat_for_every_beginning_of_a_day():
    beats = [at("2026-02-01T13:00:00"), at("2026-02-02T02:00:00"), at("2026-02-02T10:00:00")]
    for beat in beats:
        before = due_in_zones(BODY, now=beat - timedelta(seconds=1), zones=ZONES, last=at("2026-01-01"))
        assert before is not None
        assert before < beat
        assert due_in_zones(BODY, now=beat, zones=ZONES, last=before) == beat
        assert due_in_zones(BODY, now=beat + timedelta(hours=1), zones=ZONES, last=beat) is None
    assert next_in_zones(BODY, now=beats[0], zones=ZONES, last=beats[0]) == beats[1]
    assert next_in_zones(BODY, now=beats[1], zones=ZONES, last=beats[1]) == beats[2]
    assert next_in_zones(BODY, now=beats[1], zones=ZONES, last=beats[0]) == beats[1]


def test_the_first_beat_is_not_before_the_deployment_began():
    now = at("2026-02-02T12:00:00")
    assert due_in_zones(BODY, now=now, zones=[HOME], last=None, since=at("2026-02-02T03:00:00")) is None
    assert due_in_zones(BODY, now=now, zones=[HOME], last=None, since=at("2026-02-02T01:00:00")) is not None


def test_switched_off_nothing_is_due():
    off = BODY.model_copy(update={"active": False})
    now = at("2026-02-02T12:00:00")
    assert due_in_zones(off, now=now, zones=ZONES, last=None) is None
    assert next_in_zones(off, now=now, zones=ZONES, last=None) is None


def test_an_hour_that_daylight_saving_skips_or_repeats_begins_one_day_once():
    berlin = "Europe/Berlin"
    half_past = JobBody(code="invoice-run", time=time(2, 30))
    for day in (date(2026, 3, 29), date(2026, 10, 25)):  # 02:00-03:00 is skipped, and runs twice
        begins = datetime.combine(day, time(0), ZoneInfo(berlin)).astimezone(UTC)
        last, beats = begins, []
        for minute in range(0, 24 * 60, 10):
            now = begins + timedelta(minutes=minute)
            beat = due_in_zones(half_past, now=now, zones=[berlin], last=last)
            if beat is not None and beat > last:
                beats.append(beat)
                last = now
        assert len(beats) == 1, day
        assert newest_day(last, half_past.time, berlin) == day


_zones = st.sampled_from([*ZONES, "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"])


@given(
    zone=_zones,
    start=st.integers(0, 730 * 24 * 60),
    gaps=st.lists(st.integers(1, 100), min_size=1, max_size=30),
)
def test_whenever_it_looks_every_day_of_a_zone_is_done_once_and_in_order(zone, start, gaps):
    now = at("2025-01-01") + timedelta(minutes=start)
    one, done = ZoneDays(zone), []
    for hours in gaps:
        now += timedelta(hours=hours)
        while (day := oldest_due([one], now, TWO)) is not None:
            done.append(day)
            one = ZoneDays(zone, day)
    days = [done[0] + timedelta(days=n) for n in range(len(done))] if done else []
    assert done == days
    assert next_day(one, newest_day(now, TWO, zone)) == newest_day(now, TWO, zone) + timedelta(days=1)
