"""Facts of a number series' year: a storage format, frozen once published. They ride on the reference-data topic."""

from typing import ClassVar
from uuid import UUID

from domain.fact import Fact, Part


class AssignedNumber(Part):
    """A number and the invoice that has it."""

    sequence: int
    number: str
    invoice: UUID
    reference: str
    customer: str


class NumbersAssigned(Fact):
    """Numbers `first` to `last` went to these invoices, in the transaction that approved them."""

    type: ClassVar[str] = "invoice-number-series.numbers-assigned"
    series: str
    year: int | None = None
    """None: the series never restarts."""
    first: int
    last: int
    invoices: tuple[AssignedNumber, ...]
