"""Values inside a provider invoice's facts and state."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, model_validator

from domain.fact import Part
from domain.money import add, less, minor_units, rounded
from domain.wire import Exact

ErrorReason = Literal["unresolved_references", "checksum_failed", "import_failed"]
FileRole = Literal["all", "licence", "usage", "detail"]


class Header(Part):
    """What the provider's invoice says of itself; `total` has at most its currency's digits."""

    invoice_date: date
    period_from: date
    period_to: date
    currency: str
    total: Exact
    tax_included: bool = True

    @model_validator(mode="after")
    def _sound(self) -> Self:
        minor_units_of = minor_units(self.currency)
        if self.total != rounded(self.total, self.currency):
            raise ValueError(f"total has more than the {minor_units_of} decimals of {self.currency}")
        if self.period_to < self.period_from:
            raise ValueError("period_to lies before period_from")
        return self


class FileRef(Part):
    """A provider file as kept: its path at the source, its role, and the SHA-256 of its bytes."""

    path: str
    role: FileRole = "all"
    sha256: str
    size: int
    mapping: str | None = None


class KindSum(Part):
    """Lines of one kind: how many, their exact amount, and the exact sum of their tax column."""

    count: int = 0
    amount: Exact = Decimal(0)
    tax: Exact = Decimal(0)

    def plus(self, other: Self) -> "KindSum":
        """Both together."""
        return KindSum(
            count=self.count + other.count,
            amount=add(self.amount, other.amount),
            tax=add(self.tax, other.tax),
        )


class LineSums(Part):
    """Exact sums by kind. A line with charge `tax` counts under `tax`, whatever its kind."""

    licence: KindSum = KindSum()
    usage: KindSum = KindSum()
    tax: KindSum = KindSum()

    @property
    def rows(self) -> int:
        """How many lines."""
        return self.licence.count + self.usage.count + self.tax.count

    def plus(self, other: "LineSums") -> "LineSums":
        """Both together."""
        return LineSums(
            licence=self.licence.plus(other.licence),
            usage=self.usage.plus(other.usage),
            tax=self.tax.plus(other.tax),
        )

    @classmethod
    def of(cls, several: Iterable["LineSums"]) -> "LineSums":
        """All together."""
        total = cls()
        for sums in several:
            total = total.plus(sums)
        return total

    @property
    def tax_total(self) -> Decimal:
        """Tax lines and the tax columns of all lines."""
        return add(self.tax.amount, self.tax.tax, self.licence.tax, self.usage.tax)


class Totals(Part):
    """The checksum's figures: the header beside the lines, exact and rounded.

    Source: provider-invoice checks. `grand` is licence + usage (+ tax where it is included), rounded once.
    """

    currency: str
    header: Exact
    licence: Exact
    usage: Exact
    tax: Exact
    tax_included: bool
    exact: Exact
    grand: Exact

    @classmethod
    def of(cls, header: Header, sums: LineSums) -> "Totals":
        """The figures of these lines against this header."""
        tax = sums.tax_total
        exact = add(sums.licence.amount, sums.usage.amount, tax if header.tax_included else Decimal(0))
        return cls(
            currency=header.currency,
            header=header.total,
            licence=sums.licence.amount,
            usage=sums.usage.amount,
            tax=tax,
            tax_included=header.tax_included,
            exact=exact,
            grand=rounded(exact, header.currency),
        )

    @property
    def difference(self) -> Decimal:
        """Lines minus header, in the invoice's currency."""
        return less(self.grand, self.header)


class MissingReference(Part):
    """One customer or product that the provider names and we do not know."""

    kind: Literal["customer", "product"]
    reference: str
    lines: int
    amount: Exact


DIFFERENCE = "difference"
"""Name of the part that an adjustment is made of: new minus old. No upload may take it."""


class PartRef(Part):
    """A part of an invoice: one file or one upload, held by one population of the line store."""

    part: str
    population: int
    first_line: int = Field(ge=0)
    last_line: int = Field(ge=0)
    sums: LineSums
    currencies: tuple[str, ...] = ()
    chunks: int
    digest: str
    """SHA-256 over the chunk digests in order."""
    file_sha256: str | None = None
    mapping: str | None = None
    """The format's name, or the digest of the mapping and split that the lines were read with."""
    left_out: int = 0
    """Rows of the file that are no lines of this invoice: by its role, or by the split."""
    complete: bool = True
