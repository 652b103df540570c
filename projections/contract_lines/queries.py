"""Two lists that should be empty: licences that nobody is billed for, and lines that nothing was bought for."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple, Protocol

from projections.paging import Page, PageRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceFilter:
    """Licences and lines that touch the days from `first` to `last`; `customer` None: all."""

    first: date
    last: date
    customer: str | None = None


class BoughtNotBilled(NamedTuple):
    """Licences of a customer that no subscription line of its contracts passes on: by product, subscription, currency.

    Cost is the exact sum of the provider's amounts; `quantity` the sum of the lines that say one.
    """

    customer: str
    product: str
    subscription: str | None
    currency: str
    lines: int
    quantity: Decimal | None
    cost: Decimal
    first_day: date
    last_day: date
    invoices: tuple[str, ...]


class BilledNotBought(NamedTuple):
    """A subscription line in force, with a quantity above 0, for which no licence of its customers was bought."""

    contract: str
    contract_id: str
    line: str
    name: str
    customers: tuple[str, ...]
    product: str | None
    subscription: str | None
    quantity: Decimal
    price: Decimal
    currency: str
    starts: date
    ends: date | None


class LicenceQueries(Protocol):
    """Contract lines that name neither product nor subscription pass on no licence, and are in neither list."""

    async def bought_not_billed(self, wanted: LicenceFilter, page: PageRequest) -> Page[BoughtNotBilled]:
        """By customer, product and subscription."""
        ...

    async def billed_not_bought(self, wanted: LicenceFilter, page: PageRequest) -> Page[BilledNotBought]:
        """By contract and line."""
        ...
