"""Several customers of one contract: each line's rounded amount is split by shares that sum to 100 %."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from domain.money import EXACT, MAX_SCALE, add, less, plain, split, split_at
from domain.rejected import Rejected

_WHOLE: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Share:
    """A customer's part, in percent, above 0."""

    customer: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class SharesFrom:
    """Shares that hold from a day on."""

    day: date
    shares: tuple[Share, ...]


def checked_shares(shares: Sequence[Share]) -> tuple[Share, ...]:
    """Sound shares; Rejected `shares-not-100`, `share-not-positive`, `share-twice`, `no-customers`."""
    if not shares:
        raise _unsound("no-customers", "A contract needs a customer: name one with 100 percent, or several.")
    seen = set()
    for share in shares:
        if share.customer in seen:
            raise _unsound("share-twice", f"Customer {share.customer} has two shares: add them up.")
        if share.percent <= 0:
            raise _unsound(
                "share-not-positive",
                f"Customer {share.customer} has a share of {plain(share.percent)} percent: give more than 0, or leave "
                "the customer out.",
            )
        seen.add(share.customer)
    sum_of_all = add(*(share.percent for share in shares))
    if sum_of_all != _WHOLE:
        raise _unsound("shares-not-100", f"The shares sum to {plain(sum_of_all)} percent: they must sum to 100.")
    return tuple(shares)


def shares_on(history: Sequence[SharesFrom], day: date) -> tuple[Share, ...]:
    """The shares in force on a day; the earliest ones also before their day. Of one day the last listed hold."""
    ordered = sorted(history, key=lambda one: one.day)
    return ordered[max(bisect_right(ordered, day, key=lambda one: one.day) - 1, 0)].shares


def split_amount(amount: Decimal, shares: Sequence[Share], currency: str) -> dict[str, Decimal]:
    """A rounded line amount by customer, losing and inventing no minor unit."""
    parts = split(amount, [share.percent for share in shares], currency)
    return {share.customer: part for share, part in zip(shares, parts, strict=True)}


def split_cost(cost: Decimal, shares: Sequence[Share]) -> dict[str, Decimal]:
    """A cost by customer at 15 decimals; what it has below the 15th (a converted one) stays with the first listed."""
    at_fifteen = EXACT.scaleb(Decimal(int(Fraction(cost) * 10**MAX_SCALE)), Decimal(-MAX_SCALE))
    parts = split_at(at_fifteen, [share.percent for share in shares], MAX_SCALE)
    parts[0] = add(parts[0], less(cost, at_fifteen))
    return {share.customer: part for share, part in zip(shares, parts, strict=True)}


def amounts_by_customer(
    common: Decimal, named: Iterable[tuple[str, Decimal]], shares: Sequence[Share], currency: str
) -> dict[str, Decimal]:
    """A line's amount for each customer: its split part, and what names it, which is not split."""
    return _with_named(split_amount(common, shares, currency), named)


def costs_by_customer(
    common: Decimal | None, named: Iterable[tuple[str, Decimal]], shares: Sequence[Share]
) -> dict[str, Decimal]:
    """A line's cost for each customer, alike; a customer for whom none is known is not in it."""
    return _with_named({} if common is None else split_cost(common, shares), named)


def _with_named(parts: dict[str, Decimal], named: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    for customer, own in named:
        parts[customer] = add(parts.get(customer, Decimal(0)), own)
    return parts


def _unsound(code: str, detail: str) -> Rejected:
    return Rejected(code, detail, kind="invalid")
