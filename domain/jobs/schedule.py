"""When a job is due: once a day, from a time of day in the deployment's zone; missed days are caught up in order.

A job with `every_minutes` is due at every multiple of that pace instead; what was missed of it is not caught up.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from domain.reference.bodies import JobBody

JOBS: Final = ("provider-sync", "import-summary", "invoice-run", "periodical-invoices")
"""The jobs, in the order in which a day runs them."""

EVERY_MINUTES: Final = {"periodical-invoices": 5}
"""Jobs that run all day long unless they are set to something else."""

BY_ZONE: Final = frozenset({"invoice-run"})
"""Jobs whose day is that of each contract's own zone: see `domain.jobs.zones`."""

AFTER: Final = {"import-summary": "provider-sync"}
"""A job waits for that day's run of this one to end, unless that is switched off."""

CATCH_UP_DAYS: Final = 31
"""Days missed longer ago than this are given up: a summary of them helps nobody."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Beats are counted from here, in every process alike."""

MAX_TRIES: Final = 5
"""A run that raised is tried again so often; then the day has failed, and the next one starts afresh."""


def starts_at(day: date, at: time, zone: str) -> datetime:
    """The instant (UTC) of a wall-clock time; one that daylight saving skips is taken as if it were not skipped."""
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def local_day(now: datetime, zone: str) -> date:
    """The day of an instant in a zone."""
    return now.astimezone(ZoneInfo(zone)).date()


def due_days(
    body: JobBody, *, now: datetime, zone: str, last: date | None, since: datetime | None = None
) -> list[date]:
    """Days whose scheduled run is not done yet, oldest first. `last` is the latest day that has a run; None: none has.

    The first ever is today, unless its hour had passed when the deployment began (`since`): what lay before it is
    not missed.
    """
    if not body.active:
        return []
    today = local_day(now, zone)
    newest = today if starts_at(today, body.time, zone) <= now else today - timedelta(days=1)
    first = newest if last is None else max(last + timedelta(days=1), today - timedelta(days=CATCH_UP_DAYS))
    if last is None and (newest < today or (since is not None and starts_at(today, body.time, zone) < since)):
        return []
    return [first + timedelta(days=n) for n in range((newest - first).days + 1)]


def due_beat(body: JobBody, *, now: datetime, last: datetime | None) -> datetime | None:
    """The beat of a job with a pace that is due: the latest multiple of its pace (UTC), unless a run was asked for
    since (`last`). None: nothing is due, or it has no pace.
    """
    if not body.active or body.every_minutes is None:
        return None
    beat = _beat(body.every_minutes, now)
    return beat if last is None or last < beat else None


def _beat(minutes: int, now: datetime) -> datetime:
    return now - (now - _EPOCH) % timedelta(minutes=minutes)


def next_start(
    body: JobBody,
    *,
    now: datetime,
    zone: str,
    last: date | None,
    since: datetime | None = None,
    asked: datetime | None = None,
) -> datetime | None:
    """When it starts next by itself: now, when a day or a beat is due; None while it is switched off.

    `asked` is when the last scheduled run was asked for.
    """
    if not body.active:
        return None
    if body.every_minutes is not None:
        if due_beat(body, now=now, last=asked):
            return now
        return _beat(body.every_minutes, now) + timedelta(minutes=body.every_minutes)
    if due_days(body, now=now, zone=zone, last=last, since=since):
        return now
    today = local_day(now, zone)
    day = today if last is None or last < today else last + timedelta(days=1)
    start = starts_at(day, body.time, zone)
    return start if start > now else starts_at(day + timedelta(days=1), body.time, zone)


def may_start(job: str, day: date, *, ended: Mapping[str, date | None], active: Collection[str]) -> bool:
    """Whether a job may start a day: the one that it follows has ended that day, or is switched off.

    `ended` is the latest day whose scheduled run has ended; days run in order.
    """
    before = AFTER.get(job)
    if before is None or before not in active:
        return True
    last = ended.get(before)
    return last is not None and last >= day


def retry_after(tries: int) -> timedelta:
    """How long a run that raised waits: one minute, two, four ..."""
    return timedelta(minutes=2 ** min(tries - 1, 6))
