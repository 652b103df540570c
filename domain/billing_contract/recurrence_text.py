"""Reading the text of a recurrence rule (RFC 5545, 3.3.10), as strictly as money deserves."""

from datetime import date, datetime
from functools import lru_cache
from typing import Final

from domain.billing_contract.recurrence_rule import FREQ, WEEKDAYS, Freq, Rule
from domain.rejected import Rejected

_WITHIN_A_DAY: Final = {"HOURLY", "MINUTELY", "SECONDLY", "BYHOUR", "BYMINUTE", "BYSECOND"}
_LISTS: Final = {"BYMONTH": 12, "BYMONTHDAY": 31, "BYYEARDAY": 366, "BYWEEKNO": 53, "BYSETPOS": 366}
"""Parts that are lists of numbers, with the greatest; all but months count from the end too."""
_ONLY_WITH: Final[dict[str, tuple[Freq, ...]]] = {
    "BYWEEKNO": ("YEARLY",),
    "BYYEARDAY": ("YEARLY",),
    "BYMONTHDAY": ("YEARLY", "MONTHLY", "DAILY"),
}
MAX_LENGTH: Final = 500
MAX_INTERVAL: Final = 1000


@lru_cache(maxsize=4096)
def parse(text: str) -> Rule:
    """The rule of a text such as `FREQ=MONTHLY;BYDAY=3WE`; Rejected `recurrence-invalid`, `recurrence-too-frequent`."""
    parts = _parts(text)
    freq = _freq(parts.pop("FREQ", None))
    if parts.pop("WKST", "MO") != "MO":
        raise _invalid("weeks start on Monday: leave WKST out")
    interval = _number("INTERVAL", parts.pop("INTERVAL", "1"), 1, MAX_INTERVAL)
    count = _number("COUNT", parts.pop("COUNT"), 1, 10**18) if "COUNT" in parts else None
    until = _until(parts.pop("UNTIL")) if "UNTIL" in parts else None
    if count is not None and until is not None:
        raise _invalid("give COUNT or UNTIL, not both")
    days = _weekdays(parts.pop("BYDAY")) if "BYDAY" in parts else ()
    by = tuple((name, _numbers(name, parts.pop(name))) for name in _LISTS if name in parts)
    if parts:
        raise _invalid(f"{next(iter(parts))} is no part that is known; FREQ, INTERVAL, COUNT, UNTIL and BY parts are")
    rule = Rule(freq, interval, count, until, by, days)
    _check_together(rule)
    return rule


def _parts(text: str) -> dict[str, str]:
    if len(text) > MAX_LENGTH:
        raise _invalid(f"it is longer than {MAX_LENGTH} characters")
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").rstrip(";").split(";"):
        name, equals, value = part.strip().partition("=")
        if not equals or not value or not name.isascii() or not value.isascii():
            raise _invalid(f"{part[:40]!r} is not NAME=VALUE, such as FREQ=MONTHLY;BYDAY=3WE")
        if name in parts:
            raise _invalid(f"{name[:40]} is given twice")
        if name in _WITHIN_A_DAY:
            raise _too_frequent(name)
        parts[name] = value
    return parts


def _freq(value: str | None) -> Freq:
    if value in _WITHIN_A_DAY:
        raise _too_frequent(f"FREQ={value}")
    for freq in FREQ:
        if freq == value:
            return freq
    raise _invalid("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY")


def _number(name: str, text: str, least: int, most: int) -> int:
    digits = text.removeprefix("-" if least < 0 else "").removeprefix("+" if least < 0 else "")
    if not digits.isdigit() or not least <= int(text) <= most or int(text) == 0:
        raise _invalid(f"{name}={text[:40]} is not a number from {least} to {most}" + " but 0" * (least < 0))
    return int(text)


def _numbers(name: str, text: str) -> tuple[int, ...]:
    most = _LISTS[name]
    return tuple(sorted({_number(name, one, 1 if name == "BYMONTH" else -most, most) for one in text.split(",")}))


def _until(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise _invalid(f"UNTIL={text[:40]} is no day: write it as 20261231, without a time of day") from None


def _weekdays(text: str) -> tuple[tuple[int, int], ...]:
    found = set()
    for one in text.split(","):
        if one[-2:] not in WEEKDAYS:
            raise _invalid(f"BYDAY={one[:40]} is no weekday, such as MO, 3WE or -1FR")
        found.add((_number("BYDAY", one[:-2], -53, 53) if one[:-2] else 0, WEEKDAYS.index(one[-2:])))
    return tuple(sorted(found))


def _check_together(rule: Rule) -> None:
    names = {name for name, _ in rule.by}
    for name, freqs in _ONLY_WITH.items():
        if name in names and rule.freq not in freqs:
            raise _invalid(f"{name} does not go with FREQ={rule.freq}")
    if any(n for n, _ in rule.days) and (rule.freq not in {"YEARLY", "MONTHLY"} or "BYWEEKNO" in names):
        raise _invalid("a BYDAY with a number goes with FREQ=MONTHLY or YEARLY, and not with BYWEEKNO")
    if "BYSETPOS" in names and len(names) == 1 and not rule.days:
        raise _invalid("BYSETPOS picks from what another BY part yields: add one")


def _invalid(why: str) -> Rejected:
    return Rejected("recurrence-invalid", f"The recurrence rule can't be read: {why}.", kind="invalid")


def _too_frequent(what: str) -> Rejected:
    return Rejected(
        "recurrence-too-frequent",
        f"{what} is more than one run a day: use FREQ=DAILY, WEEKLY, MONTHLY or YEARLY, without times of day.",
        kind="invalid",
    )
