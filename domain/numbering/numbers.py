"""The next numbers of a series, without a gap: pure, from the last fact of the series' year."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.numbering.events import AssignedNumber, NumbersAssigned
from domain.reference.invoice_bodies import InvoiceNumberSeriesBody

MAX_FACT_BYTES: Final = 150_000
"""Numbers that would make a fact larger than this go into the next one."""
_OTHER_BYTES: Final = 160
"""Of a number's JSON: names of fields, the invoice's id, the sequence."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """An invoice that gets a number."""

    invoice: UUID
    reference: str
    customer: str


def year_of(series: InvoiceNumberSeriesBody, year: int) -> int | None:
    """Which of the series' streams counts an approval of this year; None: the one that never restarts."""
    return year if series.restart == "yearly" else None


def next_sequence(series: InvoiceNumberSeriesBody, last: NumbersAssigned | None) -> int:
    """The next number's place; `first` of the series counts only while it has none."""
    return series.first if last is None else last.last + 1


def assigned(
    series: InvoiceNumberSeriesBody, year: int, first: int, receivers: Sequence[Receiver]
) -> list[AssignedNumber]:
    """Numbers from `first` on, in the order of the receivers; `year` is that of the approval."""
    return [
        AssignedNumber(
            sequence=sequence,
            number=series.written(sequence, year),
            invoice=receiver.invoice,
            reference=receiver.reference,
            customer=receiver.customer,
        )
        for sequence, receiver in enumerate(receivers, first)
    ]


def stated(code: str, year: int | None, numbers: Sequence[AssignedNumber]) -> list[NumbersAssigned]:
    """The facts that say who has these numbers: one, unless it would be too large. `year` None: never restarts."""
    facts: list[NumbersAssigned] = []
    batch: list[AssignedNumber] = []
    size = 0
    for number in numbers:
        mine = _OTHER_BYTES + 2 * sum(len(text.encode()) for text in (number.number, number.reference, number.customer))
        if batch and size + mine > MAX_FACT_BYTES:
            facts.append(_fact(code, year, batch))
            batch, size = [], 0
        batch.append(number)
        size += mine
    if batch:
        facts.append(_fact(code, year, batch))
    return facts


def _fact(code: str, year: int | None, numbers: Sequence[AssignedNumber]) -> NumbersAssigned:
    return NumbersAssigned(
        series=code, year=year, first=numbers[0].sequence, last=numbers[-1].sequence, invoices=tuple(numbers)
    )
