"""What a subscription line comes to: over segments, quantity x price x days / days of the full cycle; rounded once.

The day of a change has the new quantity. The denominator is always the unclipped cycle, and an end is a decrease to 0.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from domain.billing_contract.cycles import Calendar, Cycle

RefundPolicy = Literal["prorated", "none", "full"]


@dataclass(frozen=True, slots=True)
class Change:
    """From `day` on, the quantity or price is `value`. Of several on one day the last listed holds."""

    day: date
    value: Decimal


@dataclass(frozen=True, slots=True)
class Subscription:
    """A line as it is known now.

    `begins`: its first day; `ends`: the first day not billed, the earlier of line's and contract's. The first change
    of each list holds from `begins` whatever its day.
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
    def exact(self) -> Fraction:
        """Quantity x price x days / days of the full cycle."""
        return Fraction(self.quantity) * Fraction(self.price) * Fraction(self.days, self.cycle_days)


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
    raise NotImplementedError


def segments(line: Subscription, cycle: Cycle) -> tuple[Segment, ...]:
    """The segments of a cycle with something to bill, in order."""
    raise NotImplementedError


def exact_amount(parts: Iterable[Segment]) -> Fraction:
    """The exact sum of segments."""
    return sum((part.exact for part in parts), Fraction(0))


def amount(line: Subscription, cycle: Cycle, currency: str) -> Decimal:
    """What the line comes to in a cycle, rounded once."""
    raise NotImplementedError


def corrections(
    line: Subscription, calendar: Calendar, billed: Mapping[date, Decimal], currency: str
) -> tuple[Correction, ...]:
    """Corrections due: recomputed minus billed under the same policy, where they differ, oldest first.

    `billed`: what stands on live invoices for each cycle, by its first day, corrections included.
    """
    raise NotImplementedError
