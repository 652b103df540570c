"""What a subscription line comes to: over segments, quantity x price x days / days of the full cycle; rounded once.

The day of a change has the new quantity. The denominator is always the unclipped cycle, and an end is a decrease to 0.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final, Literal

from domain.billing_contract.cycles import Calendar, Cycle, cycle_of
from domain.money import less, plain, rounded
from domain.rejected import Rejected

RefundPolicy = Literal["prorated", "none", "full"]
"""`prorated`: increases and decreases by day. `none`: increases by day, decreases from the next cycle. `full`: the
quantity in force on the cycle's last day, for the whole cycle."""

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """From `day` on, the quantity or price is `value`. Of several on one day the last listed holds."""

    day: date
    value: Decimal


@dataclass(frozen=True, slots=True)
class Subscription:
    """A line as it is known now.

    `begins`: its first day; `ends`: the first day not billed, the earlier of line's and contract's. Both lists have at
    least one change, the earliest of which holds before its own day too.
    """

    begins: date
    quantities: tuple[Change, ...]
    prices: tuple[Change, ...]
    ends: date | None = None
    refund_policy: RefundPolicy = "prorated"


@dataclass(frozen=True, slots=True)
class Segment:
    """Days of a cycle, both included, with one billed quantity (after the refund policy) and one price."""

    first: date
    last: date
    quantity: Decimal
    price: Decimal
    cycle_days: int

    @property
    def days(self) -> int:
        """Its days."""
        return (self.last - self.first).days + 1

    @property
    def following(self) -> date:
        """The day after it."""
        return self.last + _DAY

    @property
    def exact(self) -> Fraction:
        """Quantity x price x days / days of the full cycle."""
        quantity, of_quantity = self.quantity.as_integer_ratio()
        price, of_price = self.price.as_integer_ratio()
        return Fraction(quantity * price * self.days, of_quantity * of_price * self.cycle_days)


@dataclass(frozen=True, slots=True)
class Correction:
    """What an invoiced cycle should have come to, less what was billed for it (corrections included)."""

    cycle: Cycle
    segments: tuple[Segment, ...]
    recomputed: Decimal
    billed: Decimal
    amount: Decimal


def checked_change(line: Subscription, change: Change) -> Change:
    """A change of quantity; Rejected `change-before-start`, `change-after-end`, `quantity-negative`."""
    if change.day < line.begins:
        raise Rejected(
            "change-before-start",
            f"The quantity can't change on {change.day}, before the line starts on {line.begins}: give a later day.",
            kind="invalid",
        )
    if line.ends is not None and change.day >= line.ends:
        raise Rejected(
            "change-after-end",
            f"The quantity can't change on {change.day}: {line.ends} is the first day that is not billed.",
            kind="invalid",
        )
    if change.value < 0:
        raise Rejected(
            "quantity-negative", f"A quantity of {plain(change.value)} can't be billed: give 0 or more.", kind="invalid"
        )
    return change


def segments(line: Subscription, cycle: Cycle) -> tuple[Segment, ...]:
    """The segments of a cycle with something to bill, in order."""
    quantities, prices = _Steps(line.quantities), _Steps(line.prices)
    limits = [line.begins, *([] if line.ends is None else [line.ends])]
    days = {day for day in (*limits, *quantities.days, *prices.days) if cycle.first < day <= cycle.last}
    found: list[Segment] = []
    highest = Decimal(0)
    for first, after in pairwise([cycle.first, *sorted(days), cycle.following]):
        quantity = _in_force(line, quantities, cycle.last if line.refund_policy == "full" else first)
        highest = max(highest, quantity)
        if line.refund_policy == "none":
            quantity = highest
        last, price = after - _DAY, prices.on(first)
        before = found[-1] if found else None
        if before is not None and (before.following, before.quantity, before.price) == (first, quantity, price):
            found[-1] = replace(before, last=last)
        elif quantity:
            found.append(Segment(first, last, quantity, price, cycle.days))
    return tuple(found)


def exact_amount(parts: Iterable[Segment]) -> Fraction:
    """The exact sum of segments."""
    return sum((part.exact for part in parts), Fraction(0))


def amount(line: Subscription, cycle: Cycle, currency: str) -> Decimal:
    """What the line comes to in a cycle, rounded once."""
    return rounded(exact_amount(segments(line, cycle)), currency)


def corrections(
    line: Subscription,
    calendar: Calendar,
    billed: Mapping[date, Decimal],
    currency: str,
    *,
    since: date | None = None,
) -> tuple[Correction, ...]:
    """Corrections due: recomputed minus billed under the same policy, where they differ, oldest first.

    `billed`: what stands on live invoices for each cycle, by its first day, corrections included. A cycle that an
    earlier end has left behind is recomputed too. `since`: the earliest day that anything was changed for since
    corrections were last looked for (of an end that moved: the earlier of both); earlier cycles are as they were.
    None: look at all of them.
    """
    found = []
    earliest = date.min
    if since is not None:
        earliest = cycle_of(calendar.start, calendar.frequency, max(since, calendar.start)).first
    for first in sorted(first for first in billed if first >= earliest):
        one = cycle_of(calendar.start, calendar.frequency, first)
        if one.first != first:
            raise ValueError(f"{first} begins no cycle; the cycle of that day begins on {one.first}")
        parts = segments(line, one)
        now = rounded(exact_amount(parts), currency)
        if now != billed[first]:
            found.append(Correction(one, parts, now, billed[first], less(now, billed[first])))
    return tuple(found)


def _in_force(line: Subscription, quantities: "_Steps", day: date) -> Decimal:
    ended = line.ends is not None and day >= line.ends
    return Decimal(0) if day < line.begins or ended else quantities.on(day)


class _Steps:
    """Changes in order of day."""

    def __init__(self, changes: Iterable[Change]) -> None:
        ordered = sorted(changes, key=lambda change: change.day)  # stable: the last listed of a day comes last
        self.days = [change.day for change in ordered]
        self._values = [change.value for change in ordered]

    def on(self, day: date) -> Decimal:
        """The value on a day; before the first change already its value."""
        return self._values[max(bisect_right(self.days, day) - 1, 0)]
