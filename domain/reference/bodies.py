"""The typed bodies of reference data, one class a kind."""

import datetime as dt
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from domain.fact import Part, PersonalText
from domain.identity import normal
from domain.money import minor_units
from domain.wire import Exact

Code = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\x00-\x1f/:%]+$"),
    AfterValidator(normal),
]
"""An immutable human key: no control characters, no slash, colon or percent sign."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
MAX_REFERENCE = 300
Reference = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_REFERENCE, pattern=r"^[^\x00-\x1f\x7f]+$"),
]
"""A provider's own name for something, trimmed as those in its files are."""
EmailAddress = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=320, pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}$"
    ),
]
"""A bare address, without a display name."""
Charge = Literal["usage", "purchase", "tax", "credit", "adjustment"]
BillingPeriod = Literal["weekly", "monthly", "quarterly", "half-yearly", "yearly"]


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # reads a folder tree: ten milliseconds


def _zone(name: str) -> str:
    if name not in _zones():
        raise ValueError(f"{name[:60]!r} is no IANA time zone: give one such as Europe/Berlin")
    return ZoneInfo(name).key


def _without_zone(time: dt.time) -> dt.time:
    if time.tzinfo is not None:
        raise ValueError("is in the deployment's time zone: give it without a zone, such as 02:00")
    return time


def _currency(code: str) -> str:
    minor_units(code)
    return code


Zone = Annotated[str, AfterValidator(_zone)]
CurrencyCode = Annotated[str, AfterValidator(_currency)]


class ReferenceBody(Part):
    """What is saved of one piece of reference data; its code never changes."""

    code: str


class Connection(Part):
    """Where an automatic provider's invoices are listed: a manifest at a file location or an HTTPS endpoint."""

    manifest: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    secret: str | None = Field(default=None, max_length=100)
    """Name of the setting that holds the credentials; never the credentials themselves."""


class NotResold(Part):
    """An identifier that is deliberately not billed on."""

    kind: Literal["customer", "product"]
    identifier: Reference
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]+$")]


class ProviderBody(ReferenceBody):
    """A provider: who bills us. `pass_on` are the charges of usage lines that are billed on."""

    code: Code
    name: Name
    mode: Literal["automatic", "manual"] = "manual"
    connection: Connection | None = None
    automatic_sync: bool | None = None
    unassigned_customer: Code | None = None
    pass_on: tuple[Charge, ...] = ("usage", "adjustment")
    not_resold: tuple[NotResold, ...] = Field(default=(), max_length=10_000)
    mapping: str | None = Field(default=None, max_length=200_000)
    """A mapping of the provider's own CSV (TOML), where no built-in format reads it."""

    @property
    def synced_daily(self) -> bool:
        """The default is yes for automatic providers."""
        return self.mode == "automatic" and self.automatic_sync is not False

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.mode == "automatic" and self.connection is None:
            raise ValueError("an automatic provider needs a connection: {manifest}")
        return self


class Identifier(Part):
    """A provider's own name for a customer; `valid_to` is the first day it no longer holds."""

    provider: Code
    identifier: Reference
    valid_from: date | None = None
    valid_to: date | None = None

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_to <= self.valid_from:
            raise ValueError("valid_to must lie after valid_from")
        return self


class Address(Part):
    """A postal address."""

    lines: tuple[PersonalText, ...] = Field(default=(), max_length=8)
    postcode: PersonalText | None = Field(default=None, max_length=20)
    city: PersonalText | None = Field(default=None, max_length=200)


class CustomerBody(ReferenceBody):
    """A customer: who we bill. `bill_from` absent: no periodical invoices.

    `approval_process` and `number_series` absent: those of the nearest cluster upwards that has one.
    """

    code: Code
    name: Annotated[PersonalText, Field(min_length=1, max_length=2000)]
    address: Address | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    emails: tuple[PersonalText, ...] = Field(default=(), max_length=20)
    currency: CurrencyCode = "EUR"
    time_zone: Zone = "UTC"
    cluster: Code | None = None
    metadata: dict[str, PersonalText] = Field(default_factory=dict, max_length=50)
    billing_period: BillingPeriod = "monthly"
    bill_from: date | None = None
    identifiers: tuple[Identifier, ...] = Field(default=(), max_length=1000)
    approval_process: Code | None = None
    number_series: Code | None = None


class ClusterBody(ReferenceBody):
    """A group of customers; `parent` makes a tree without cycles.

    `approval_process` and `number_series` are those of its customers that have none of their own, also below it.
    """

    code: Code
    name: Name
    parent: Code | None = None
    approval_process: Code | None = None
    number_series: Code | None = None


class ListPrice(Part):
    """A product's list price from a day on."""

    currency: CurrencyCode
    valid_from: date
    price: Exact


class ProductBody(ReferenceBody):
    """A product we resell; identifiers make a provider's product resolve to it."""

    code: Code
    name: Name
    category: str | None = Field(default=None, max_length=200)
    unit: str | None = Field(default=None, max_length=100)
    unit_factors: dict[str, Exact] = Field(default_factory=dict, max_length=50)
    list_prices: tuple[ListPrice, ...] = Field(default=(), max_length=500)
    identifiers: tuple[Identifier, ...] = Field(default=(), max_length=1000)


class GroupBody(ReferenceBody):
    """Persons who may act together; members are subjects."""

    code: Code
    name: Name
    members: tuple[Reference, ...] = Field(default=(), max_length=1000)
    invoice_approval: bool = False


class ExchangeRateBody(ReferenceBody):
    """One unit of `from_currency` in `to_currency` on a day, and who says so."""

    code: Code
    from_currency: CurrencyCode
    to_currency: CurrencyCode
    date: dt.date
    rate: Annotated[Exact, Field(gt=Decimal(0))]
    source: Name


class NotificationTemplateBody(ReferenceBody):
    """A notice: recipients, subject and body as sandboxed templates. Without `to` it is kept unsent, a problem."""

    code: Literal["import-summary", "provider-invoice-changed", "invoice", "task-failed"]
    to: tuple[EmailAddress, ...] = Field(default=(), max_length=50)
    subject: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    body: Annotated[str, StringConstraints(min_length=1, max_length=100_000)]


class JobBody(ReferenceBody):
    """A scheduled job: whether it runs, and from which time of day in the deployment's zone.

    `every_minutes`: it runs all day long at this pace, whatever the time of day; only jobs that do not work day by day.
    """

    code: Literal["provider-sync", "import-summary", "periodical-invoices", "invoice-run"]
    active: bool = True
    time: Annotated[dt.time, AfterValidator(_without_zone)] = dt.time(2, 0)
    every_minutes: int | None = Field(default=None, ge=1, le=24 * 60)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.every_minutes is not None and self.code != "periodical-invoices":
            raise ValueError(f"{self.code} works day by day: give it a time, not every_minutes")
        return self
