"""Days by time zone: a job that works on each zone's own day, once its time of day is reached there.

A zone's days run in order, each as of its own date; `done` remembers the last one. Zones go on their own: a day begins
in the east when it is the day before in the west, so a day is run in as many passes as it has beginnings.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from domain.jobs.schedule import local_day, starts_at
from domain.reference.bodies import JobBody

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ZoneDays:
    """How far a zone is: the last day `done` (None: never looked at), and the `earliest` run date of what is due."""

    zone: str
    done: date | None = None
    earliest: date | None = None


def newest_day(now: datetime, at: time, zone: str) -> date:
    """The latest day whose time of day has been reached in the zone."""
    today = local_day(now, zone)
    return today if starts_at(today, at, zone) <= now else today - _DAY


def next_day(one: ZoneDays, newest: date) -> date:
    """The day that the zone has to do next; one that was never looked at begins where something is due, or now."""
    if one.done is not None:
        return one.done + _DAY
    return newest if one.earliest is None else min(newest, one.earliest)


def oldest_due(zones: Iterable[ZoneDays], now: datetime, at: time) -> date | None:
    """The oldest day that some zone has to do now."""
    days = []
    for one in zones:
        newest = newest_day(now, at, one.zone)
        day = next_day(one, newest)
        if day <= newest:
            days.append(day)
    return min(days, default=None)


def doing(zones: Iterable[ZoneDays], day: date, now: datetime, at: time) -> list[str]:
    """The zones whose next day this is, and whose time of day it has reached."""
    found = []
    for one in zones:
        newest = newest_day(now, at, one.zone)
        if next_day(one, newest) == day <= newest:
            found.append(one.zone)
    return found


def begun(zones: Iterable[ZoneDays], day: date, now: datetime) -> list[str]:
    """The zones in which this day has begun, whatever the time of day."""
    return [one.zone for one in zones if local_day(now, one.zone) >= day]


def due_in_zones(
    body: JobBody, *, now: datetime, zones: Collection[str], last: datetime | None, since: datetime | None = None
) -> datetime | None:
    """The beat of the job that is due: the latest instant at which its time of day was reached in a zone, unless a run
    was asked for since (`last`). The first ever is not before the deployment began (`since`).
    """
    if not body.active or not zones:
        return None
    beat = max(starts_at(newest_day(now, body.time, zone), body.time, zone) for zone in zones)
    if last is None:
        return beat if since is None or beat >= since else None
    return beat if last < beat else None


def next_in_zones(
    body: JobBody, *, now: datetime, zones: Collection[str], last: datetime | None, since: datetime | None = None
) -> datetime | None:
    """When it starts next by itself: now, when a beat is due; None while it is switched off."""
    if not body.active or not zones:
        return None
    if due_in_zones(body, now=now, zones=zones, last=last, since=since):
        return now
    return min(starts_at(newest_day(now, body.time, zone) + _DAY, body.time, zone) for zone in zones)
