"""Several customers of one contract: each line's rounded amount is split by shares that sum to 100 %."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


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
    raise NotImplementedError


def shares_on(history: Sequence[SharesFrom], day: date) -> tuple[Share, ...]:
    """The shares in force on a day; the first ones also before their day."""
    raise NotImplementedError


def split_amount(amount: Decimal, shares: Sequence[Share], currency: str) -> dict[str, Decimal]:
    """A rounded line amount by customer, losing and inventing no minor unit."""
    raise NotImplementedError


def split_cost(cost: Decimal, shares: Sequence[Share]) -> dict[str, Decimal]:
    """A cost by customer at 15 decimals; what it has below the 15th stays with the first listed."""
    raise NotImplementedError


def amounts_by_customer(
    common: Decimal, named: Iterable[tuple[str, Decimal]], shares: Sequence[Share], currency: str
) -> Mapping[str, Decimal]:
    """A line's amount for each customer: its split part, and what names it, which is not split."""
    raise NotImplementedError
