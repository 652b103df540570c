"""The proof that a series and year has no gap and no double: recounted from its facts, with a digest over all numbers.

The digest is the hex SHA-256 over one line of UTF-8 for each number in order, `SEQUENCE,NUMBER,INVOICE,DATE`, each
ended by a line feed; the date is the business date of the approval.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

from domain.numbering.events import AssignedNumber, NumbersAssigned


@dataclass(frozen=True, slots=True)
class Certified:
    """One number, the invoice that has it, and since when."""

    sequence: int
    number: str
    invoice: UUID
    reference: str
    customer: str
    date: date


@dataclass(slots=True)
class Recount:
    """Takes the facts of one series and year in order; findings say what is wrong, none is what one hopes for."""

    first: str | None = None
    last: str | None = None
    count: int = 0
    findings: list[str] = field(default_factory=list)
    _sequence: int | None = None
    _invoices: set[UUID] = field(default_factory=set)
    _numbers: set[str] = field(default_factory=set)
    _hash: Any = field(default_factory=sha256)

    def take(self, fact: NumbersAssigned, day: date) -> Iterator[Certified]:
        """The numbers of one fact, approved on this business date; iterate to count them."""
        if (fact.first, fact.last) != (fact.invoices[0].sequence, fact.invoices[-1].sequence):
            self.findings.append(f"{fact.series}: numbers {fact.first} to {fact.last} are stated, others are given")
        for one in fact.invoices:
            self._check(one)
            self._hash.update(f"{one.sequence},{one.number},{one.invoice},{day.isoformat()}\n".encode())
            yield Certified(one.sequence, one.number, one.invoice, one.reference, one.customer, day)

    @property
    def digest(self) -> str:
        """Of all numbers taken so far."""
        digest: str = self._hash.hexdigest()
        return digest

    @property
    def sound(self) -> bool:
        """No gap, no double."""
        return not self.findings

    def _check(self, one: AssignedNumber) -> None:
        if self._sequence is not None and one.sequence != self._sequence + 1:
            self.findings.append(f"{one.number} has the place {one.sequence}, it follows {self._sequence}")
        if one.number in self._numbers:
            self.findings.append(f"{one.number} was given twice")
        if one.invoice in self._invoices:
            self.findings.append(f"{one.reference} ({one.invoice}) has a second number, {one.number}")
        self._sequence = one.sequence
        self._numbers.add(one.number)
        self._invoices.add(one.invoice)
        self.first = self.first or one.number
        self.last = one.number
        self.count += 1
