"""Lines of an invoice with where each is: offered, waiting, invoiced, billed, written off, released, excluded ..."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal
from uuid import UUID

from commands.ports.line_store import ChunkAt, Line, LineQuery
from commands.provider_invoice.attempts import Attempt, ChunkOf, attempt_of
from commands.provider_invoice.desk import InvoiceDesk
from commands.provider_invoice.offers import in_invoice, invoices_with, offers_of, waiting_offers
from domain.customer_invoice.state import CustomerInvoice
from domain.identity import Stream, usage_offer_stream
from domain.provider_invoice.parts import PartRef
from domain.rejected import Rejected
from domain.usage_offer.events import LineRange
from domain.usage_offer.ranges import Ranges, minus
from domain.usage_offer.state import UsageOffer, fold

LineState = Literal[
    "imported", "offered", "waiting", "invoiced", "billed", "written_off", "released", "excluded", "withdrawn"
]
"""`imported`: of an attempt that was never activated. Billed and written off follow from the customer invoice."""
ALL: Final = LineRange(first=1, last=2**31 - 1)
"""Every line number that there can be."""
_HELD: Final = frozenset({"waiting", "invoiced", "billed", "written_off", "released"})


@dataclass(frozen=True, slots=True)
class LineFilter:
    """Which lines; empty: all of the present attempt. `chunk` counts within its `part`."""

    state: LineState | None = None
    customer_invoice: UUID | None = None
    attempt: int | None = None
    part: str | None = None
    chunk: int | None = None


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line, and where it is."""

    line: Line
    attempt: int
    state: LineState
    customer_invoice: UUID | None = None
    customer_invoice_name: str | None = None


@dataclass(frozen=True, slots=True)
class LinePage:
    """Lines in order of number. `next_after`: go on after this number, None at the end. `total` if it was asked for."""

    lines: Sequence[PlacedLine]
    next_after: int | None
    total: int | None
    parts: Sequence[PartRef] = ()
    """Of the attempt: which lines of which file."""


async def find_lines(
    desk: InvoiceDesk, invoice: UUID, which: LineFilter, *, after: int = 0, limit: int = 25, count: bool = True
) -> LinePage:
    """A page of lines. Rejected `attempt-missing`, `chunk-missing`."""
    attempt = await attempt_of(desk, invoice, which.attempt)
    resolution = await desk.lines.resolution_of(invoice, attempt.number)
    places = await _all_places(desk, invoice, attempt.number) if _needs_all(which) else _NOWHERE
    if (which.state == "imported") is (resolution is not None) and which.state is not None:
        return LinePage((), None, 0)
    query = _query(attempt, which, resolution, places)
    if query is None:
        return LinePage((), None, 0)
    found = await desk.lines.lines(replace(query, after=after, limit=limit + 1))
    if not _needs_all(which) and resolution is not None:
        places = await _places_of(desk, invoice, attempt.number, found)
    lines = [_placed(line, attempt, resolution, places) for line in found[:limit]]
    more = found[limit - 1].number if len(found) > limit else None
    return LinePage(lines, more, await desk.lines.count(query) if count else None, attempt.state.counted)


@dataclass(frozen=True, slots=True)
class _Places:
    """Offers by their keys, and the customer invoices that their lines are on."""

    offers: Mapping[str, UsageOffer]
    invoices: Mapping[UUID, CustomerInvoice]
    waiting: frozenset[str] = frozenset()
    """Offers whose free lines wait."""

    def of(self, destination: UUID, kind: str) -> LineState:
        """Where lines that this destination holds are."""
        return in_invoice(self.invoices.get(destination)) if kind == "customer-invoice" else "waiting"


_NOWHERE: Final = _Places({}, {})


def _needs_all(which: LineFilter) -> bool:
    """Whether all offers say which lines match; else those of the page's customers tell where its lines are."""
    return which.customer_invoice is not None or which.state in {"offered", "withdrawn", *_HELD}


async def _all_places(desk: InvoiceDesk, invoice: UUID, attempt: int) -> _Places:
    return await _with_invoices(desk, invoice, [o.state for o in await offers_of(desk, invoice, attempt)])


async def _places_of(desk: InvoiceDesk, invoice: UUID, attempt: int, lines: Sequence[Line]) -> _Places:
    customers = sorted({line.customer for line in lines if line.customer})
    streams = [usage_offer_stream(invoice, attempt, customer) for customer in customers]
    streams += [Stream("usage-offer", offer) for offer in sorted({line.included for line in lines if line.included})]
    found = [fold(history.facts) for history in (await desk.store.load_many(streams)).values()]
    return await _with_invoices(desk, invoice, [offer for offer in found if offer is not None])


async def _with_invoices(desk: InvoiceDesk, invoice: UUID, offers: Sequence[UsageOffer]) -> _Places:
    waiting = await waiting_offers(desk, invoice)
    waits = frozenset(offer.key for offer in offers if offer.stream.id in waiting)
    return _Places({offer.key: offer for offer in offers}, await invoices_with(desk, offers), waits)


async def chunk_of(desk: InvoiceDesk, invoice: UUID, attempt: int | None, part: str | None, chunk: int) -> ChunkOf:
    """Where a chunk lies, and its digest; Rejected `chunk-missing`, `part-missing` where several parts have it."""
    found = _chunks(await attempt_of(desk, invoice, attempt), part, chunk)
    if len(found) > 1:
        raise Rejected(
            "part-missing",
            f"Several parts have a chunk {chunk}: name one of {', '.join(c.part for c in found[:10])} as part.",
            kind="invalid",
        )
    return found[0]


def canonical_csv(desk: InvoiceDesk, chunk: ChunkOf) -> AsyncIterator[bytes]:
    """The canonical rows of a chunk: the bytes that the digest in its event is over."""
    return desk.lines.canonical(ChunkAt(chunk.population, chunk.first_line, chunk.last_line))


def _chunks(attempt: Attempt, part: str | None, chunk: int | None) -> list[ChunkOf]:
    found = [c for c in attempt.chunks if part in {None, c.part} and chunk in {None, c.chunk}]
    if not found and (part is not None or chunk is not None):
        raise Rejected("chunk-missing", f"Attempt {attempt.number} has no such part or chunk.", kind="missing")
    return found


def _query(attempt: Attempt, which: LineFilter, resolution: int | None, places: _Places) -> LineQuery | None:
    """None when nothing can match."""
    populations: Sequence[int] = attempt.state.populations
    numbers: tuple[int, int] | None = None
    if which.part is not None or which.chunk is not None:
        chunks = _chunks(attempt, which.part, which.chunk)
        populations = sorted({c.population for c in chunks})
        numbers = (min(c.first_line for c in chunks), max(c.last_line for c in chunks))
    offers = places.offers
    held = _held(which, places)
    if which.customer_invoice is not None or which.state in _HELD:
        return LineQuery(populations, resolution, numbers=numbers, held=held) if held else None
    everything_withdrawn = bool(offers) and all(o.withdrawn for o in offers.values())
    if which.state == "withdrawn":
        return LineQuery(populations, resolution, numbers=numbers, billable=True) if everything_withdrawn else None
    if which.state == "offered":
        if everything_withdrawn:
            return None
        taken = [(o.key, r.first, r.last) for o in offers.values() for r in o.held]
        taken += [(key, ALL.first, ALL.last) for key in sorted(places.waiting)]
        return LineQuery(populations, resolution, numbers=numbers, billable=True, not_held=taken)
    billable = False if which.state == "excluded" else None
    return LineQuery(populations, resolution, numbers=numbers, billable=billable)


def _held(which: LineFilter, places: _Places) -> list[tuple[str, int, int]]:
    found = []
    for offer in places.offers.values():
        if which.state == "released" and which.customer_invoice is None:
            found += [(offer.key, r.first, r.last) for r in offer.released]
            continue
        if which.state == "waiting" and offer.key in places.waiting and not offer.withdrawn:
            found += [(offer.key, r.first, r.last) for r in minus((ALL,), offer.held)]
        for destination, taken in offer.taken.items():
            if which.customer_invoice not in {None, destination} or offer.withdrawn:
                continue
            if which.state in {None, places.of(destination, taken.kind)}:
                found += [(offer.key, r.first, r.last) for r in taken.ranges]
    return found


def _placed(line: Line, attempt: Attempt, resolution: int | None, places: _Places) -> PlacedLine:
    if resolution is None:
        return PlacedLine(line, attempt.number, "imported")
    offer = places.offers.get(str(line.included) if line.included else line.customer or "")
    if line.excluded is not None or offer is None:
        return PlacedLine(line, attempt.number, "excluded")
    if offer.withdrawn:
        return PlacedLine(line, attempt.number, "withdrawn")
    if _within(line.number, offer.released):
        return PlacedLine(line, attempt.number, "released")
    for destination, taken in offer.taken.items():
        if _within(line.number, taken.ranges):
            return PlacedLine(line, attempt.number, places.of(destination, taken.kind), destination, taken.name)
    return PlacedLine(line, attempt.number, "waiting" if offer.key in places.waiting else "offered")


def _within(number: int, ranges: Ranges) -> bool:
    return any(r.first <= number <= r.last for r in ranges)
