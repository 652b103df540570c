"""What generated files are about: customers and products with the provider's identifiers, faults, and what was made."""

import datetime as dt
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Final

from commands.ports.provider_files import LineKind, Role
from domain.money import EXACT

_CUSTOMERS: Final = (
    "Alder Works", "Birch Studio", "Cedar Logistics", "Dogwood Foods", "Elm Publishing", "Fir Robotics",
    "Ginkgo Health", "Hazel Textiles", "Ivy Insurance", "Juniper Travel", "Larch Energy", "Maple Finance",
)  # fmt: skip
_PRODUCTS: Final[tuple[tuple[str, LineKind, str, str], ...]] = (
    ("Office suite, business", "licence", "License", "11.70"),
    ("Office suite, enterprise", "licence", "License", "32.90"),
    ("Mail plan 1", "licence", "License", "3.40"),
    ("Device management", "licence", "License", "6.80"),
    ("Virtual machine, 2 cores", "usage", "1 Hour", "0.0416"),
    ("Virtual machine, 8 cores", "usage", "1 Hour", "0.3328"),
    ("Object storage, hot", "usage", "1 GB/Month", "0.0184"),
    ("Outbound traffic", "usage", "1 GB", "0.0870"),
    ("Managed database", "usage", "1 Hour", "0.1920"),
)


@dataclass(frozen=True, slots=True)
class SampleCustomer:
    """A customer as the provider knows it."""

    id: str
    name: str
    domain: str


@dataclass(frozen=True, slots=True)
class SampleProduct:
    """A product as the provider knows it; `unit_price` is before tax, in the invoice's currency."""

    id: str
    sku: str
    name: str
    kind: LineKind
    unit: str
    unit_price: Decimal

    @property
    def reference(self) -> str:
        """The identifier as the Microsoft formats give it."""
        return f"{self.id}:{self.sku}"


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with a file on purpose: the header's total is off, lines name whom or what nobody knows."""

    total_off: Decimal = Decimal(0)
    unknown_customers: int = 0
    unknown_products: int = 0


NO_FAULTS: Final = Faults()


@dataclass(frozen=True, slots=True)
class Header:
    """What the invoice says of itself."""

    number: str
    date: dt.date
    period_from: dt.date
    period_to: dt.date
    currency: str = "EUR"
    revision: str = "1"


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that was written; `format` is a built-in one, else `mapping` is the path of the mapping beside it."""

    path: Path
    role: Role = "all"
    format: str | None = None
    mapping: Path | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """Exact sums of what counts for the header."""

    licence: Decimal = Decimal(0)
    usage: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)

    @property
    def exact(self) -> Decimal:
        """Licence, usage and tax together."""
        return EXACT.add(EXACT.add(self.licence, self.usage), self.tax)

    def plus(self, key: str, amount: Decimal) -> "Totals":
        """With an amount more under licence, usage or tax."""
        values = {"licence": self.licence, "usage": self.usage, "tax": self.tax}
        values[key] = EXACT.add(values[key], amount)
        return Totals(**values)


@dataclass(frozen=True, slots=True)
class MadeInvoice:
    """An invoice that was made: header, total as the header says (faults included), true sums, files."""

    header: Header
    total: Decimal
    totals: Totals
    files: tuple[MadeFile, ...]
    faults: Faults = NO_FAULTS
    lines: int = 0
    unknown: tuple[str, ...] = ()


def sample_customers(seed: int, count: int = len(_CUSTOMERS)) -> tuple[SampleCustomer, ...]:
    """Customers with identifiers drawn from the seed."""
    dice = random.Random(seed)  # noqa: S311 - sample data, not a secret
    names = [_CUSTOMERS[index % len(_CUSTOMERS)] for index in range(count)]
    rounds = [index // len(_CUSTOMERS) for index in range(count)]
    return tuple(
        SampleCustomer(
            id=guid(dice),
            name=name if turn == 0 else f"{name} {turn + 1}",
            domain=f"{name.split()[0].lower()}{turn + 1 if turn else ''}.example",
        )
        for name, turn in zip(names, rounds, strict=True)
    )


def sample_products(seed: int) -> tuple[SampleProduct, ...]:
    """Products with identifiers drawn from the seed."""
    dice = random.Random(seed + 1)  # noqa: S311 - sample data, not a secret
    return tuple(
        SampleProduct(
            id=f"DZH318Z0{dice.randrange(16**4):04X}",
            sku=f"{dice.randrange(16**4):04X}",
            name=name,
            kind=kind,
            unit=unit,
            unit_price=Decimal(price),
        )
        for name, kind, unit, price in _PRODUCTS
    )


def guid(dice: random.Random) -> str:
    """An identifier drawn from the dice."""
    return str(uuid.UUID(int=dice.getrandbits(128), version=4))


def cents(amount: Decimal) -> Decimal:
    """Rounded once to two digits, half away from zero: as a header total is."""
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP, context=_ROUNDING)


_ROUNDING = EXACT.copy()
_ROUNDING.clear_traps()


def with_strangers(
    customers: Sequence[SampleCustomer], products: Sequence[SampleProduct], faults: Faults, dice: random.Random
) -> tuple[list[tuple[SampleCustomer, SampleProduct]], tuple[str, ...]]:
    """Pairs that a faulty file needs at least one line for, and the identifiers that nobody knows."""
    strangers = [
        SampleCustomer(guid(dice), f"Unlisted customer {index + 1}", f"unlisted{index + 1}.example")
        for index in range(faults.unknown_customers)
    ]
    novelties = [
        SampleProduct(
            f"DZH318Z9{index:04X}",
            f"{index:04X}",
            f"Unlisted product {index + 1}",
            "usage",
            "1 Hour",
            Decimal("0.0500"),
        )
        for index in range(faults.unknown_products)
    ]
    usage = next(product for product in products if product.kind == "usage")
    pairs = [(stranger, usage) for stranger in strangers] + [(customers[0], novelty) for novelty in novelties]
    return pairs, (*(one.id for one in strangers), *(one.reference for one in novelties))
