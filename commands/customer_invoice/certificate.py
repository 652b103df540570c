"""The certificate of a number series, and the check of all of them: recounted from the record each time."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from commands.ports.event_store import EventStore
from domain.customer_invoice.approval_events import Approved
from domain.identity import Stream, invoice_numbers_stream
from domain.numbering.certificate import Certified, Recount
from domain.numbering.events import NumbersAssigned

_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Certificate:
    """All numbers of a series in a year recounted; `numbers` are those of the page that was asked for."""

    series: str
    year: int | None
    recount: Recount
    numbers: Sequence[Certified]


async def certify(store: EventStore, series: str, year: int | None, *, after: int = 0, limit: int) -> Certificate:
    """Recount them all; of single numbers keep at most `limit`, those above the place `after`."""
    recount = Recount()
    kept: list[Certified] = []
    async for fact, day in _facts(store, invoice_numbers_stream(series, year)):
        for one in recount.take(fact, day):
            if one.sequence > after and len(kept) < limit:
                kept.append(one)
    return Certificate(series, year, recount, kept)


@dataclass(frozen=True, slots=True)
class NumberCheck:
    """What `verify` says of invoice numbers: how many series' years, how many numbers, and what is wrong."""

    series: int
    numbers: int
    findings: tuple[str, ...]


async def check_numbers(store: EventStore) -> NumberCheck:
    """Gapless, and each approved invoice has exactly one number, which is the one it says."""
    upto = await store.head()
    recounts: dict[Stream, Recount] = {}
    given: dict[UUID, str] = {}
    texts: set[str] = set()
    findings: list[str] = []
    async for stream, fact, day in _all_numbers(store, upto):
        recount = recounts.setdefault(stream, Recount())
        for one in recount.take(fact, day):
            if one.invoice in given:
                findings.append(f"{one.reference} has two numbers, {given[one.invoice]} and {one.number}")
            if one.number in texts:
                findings.append(f"{one.number} was given twice")
            given[one.invoice] = one.number
            texts.add(one.number)
    count = len(given)
    async for invoice, approved in _all_approved(store, upto):
        number = given.pop(invoice, None)
        if number is None:
            findings.append(f"{approved.reference} was approved as {approved.number}, which no series has given it")
        elif number != approved.number:
            findings.append(f"{approved.reference} was approved as {approved.number}, its series says {number}")
    findings += [
        f"{number} was given to invoice {invoice}, which was not approved" for invoice, number in given.items()
    ]
    broken = [finding for recount in recounts.values() for finding in recount.findings]
    return NumberCheck(len(recounts), count, (*broken, *findings))


async def _facts(store: EventStore, stream: Stream) -> AsyncIterator[tuple[NumbersAssigned, date]]:
    version = 0
    while page := await store.history(stream, after=version, limit=_PAGE):
        version = page[-1].version
        for event in page:
            if isinstance(event.fact, NumbersAssigned):
                yield event.fact, event.business_date


async def _all_numbers(store: EventStore, upto: int) -> AsyncIterator[tuple[Stream, NumbersAssigned, date]]:
    after = 0
    while page := await store.read(after=after, limit=_PAGE, types=(NumbersAssigned.type,), upto=upto):
        after = page[-1].position
        for event in page:
            if isinstance(event.fact, NumbersAssigned):
                yield event.stream, event.fact, event.business_date


async def _all_approved(store: EventStore, upto: int) -> AsyncIterator[tuple[UUID, Approved]]:
    after = 0
    while page := await store.read(after=after, limit=_PAGE, types=(Approved.type,), upto=upto):
        after = page[-1].position
        for event in page:
            if isinstance(event.fact, Approved):
                yield event.stream.id, event.fact
