"""Lines of an invoice with where each is: offered, waiting, invoiced, released, excluded or withdrawn."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from commands.ports.line_store import ChunkAt, Line, LineQuery
from commands.provider_invoice.attempts import Attempt, ChunkOf, attempt_of
from commands.provider_invoice.desk import InvoiceDesk
from commands.provider_invoice.offers import offers_of
from domain.rejected import Rejected
from domain.usage_offer.ranges import Ranges
from domain.usage_offer.state import UsageOffer

LineState = Literal["imported", "offered", "waiting", "invoiced", "released", "excluded", "withdrawn"]
"""`imported`: of an attempt that was never activated. Billed and written off follow from the customer invoice."""


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


async def find_lines(
    desk: InvoiceDesk, invoice: UUID, which: LineFilter, *, after: int = 0, limit: int = 25, count: bool = True
) -> LinePage:
    """A page of lines. Rejected `attempt-missing`, `chunk-missing`."""
    attempt = await attempt_of(desk, invoice, which.attempt)
    resolution = await desk.lines.resolution_of(invoice, attempt.number)
    offers = {o.state.customer: o.state for o in await offers_of(desk, invoice, attempt.number)}
    if (which.state == "imported") is (resolution is not None) and which.state is not None:
        return LinePage((), None, 0)
    query = _query(attempt, which, resolution, offers)
    if query is None:
        return LinePage((), None, 0)
    found = await desk.lines.lines(replace(query, after=after, limit=limit + 1))
    lines = [_placed(line, attempt, resolution, offers) for line in found[:limit]]
    more = found[limit - 1].number if len(found) > limit else None
    return LinePage(lines, more, await desk.lines.count(query) if count else None)


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


def _query(
    attempt: Attempt, which: LineFilter, resolution: int | None, offers: dict[str, UsageOffer]
) -> LineQuery | None:
    """None when nothing can match."""
    populations: Sequence[int] = attempt.state.populations
    numbers: tuple[int, int] | None = None
    if which.part is not None or which.chunk is not None:
        chunks = _chunks(attempt, which.part, which.chunk)
        populations = sorted({c.population for c in chunks})
        numbers = (min(c.first_line for c in chunks), max(c.last_line for c in chunks))
    held = _held(which, offers)
    if which.customer_invoice is not None or which.state in {"waiting", "invoiced", "released"}:
        return LineQuery(populations, resolution, numbers=numbers, held=held) if held else None
    everything_withdrawn = bool(offers) and all(o.withdrawn for o in offers.values())
    if which.state == "withdrawn":
        return LineQuery(populations, resolution, numbers=numbers, billable=True) if everything_withdrawn else None
    if which.state == "offered":
        if everything_withdrawn:
            return None
        taken = [(o.customer, r.first, r.last) for o in offers.values() for r in o.held]
        return LineQuery(populations, resolution, numbers=numbers, billable=True, not_held=taken)
    billable = False if which.state == "excluded" else None
    return LineQuery(populations, resolution, numbers=numbers, billable=billable)


def _held(which: LineFilter, offers: dict[str, UsageOffer]) -> list[tuple[str, int, int]]:
    found = []
    for offer in offers.values():
        if which.state == "released" and which.customer_invoice is None:
            found += [(offer.customer, r.first, r.last) for r in offer.released]
            continue
        for destination, taken in offer.taken.items():
            invoiced = taken.kind == "customer-invoice"
            if which.customer_invoice not in {None, destination} or offer.withdrawn:
                continue
            if which.state is None or (which.state == "invoiced") is invoiced:
                found += [(offer.customer, r.first, r.last) for r in taken.ranges]
    return found


def _placed(line: Line, attempt: Attempt, resolution: int | None, offers: dict[str, UsageOffer]) -> PlacedLine:
    if resolution is None:
        return PlacedLine(line, attempt.number, "imported")
    offer = offers.get(line.customer or "")
    if line.excluded is not None or offer is None:
        return PlacedLine(line, attempt.number, "excluded")
    if offer.withdrawn:
        return PlacedLine(line, attempt.number, "withdrawn")
    if _within(line.number, offer.released):
        return PlacedLine(line, attempt.number, "released")
    for destination, taken in offer.taken.items():
        if _within(line.number, taken.ranges):
            state: LineState = "invoiced" if taken.kind == "customer-invoice" else "waiting"
            return PlacedLine(line, attempt.number, state, destination, taken.name)
    return PlacedLine(line, attempt.number, "offered")


def _within(number: int, ranges: Ranges) -> bool:
    return any(r.first <= number <= r.last for r in ranges)
