"""The attempts of an invoice as its history tells them: what was populated, how each ended, who did what."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from commands.ports.event_store import Recorded
from commands.provider_invoice.desk import InvoiceDesk, load, stream_of
from domain.fact import Fact
from domain.provider_invoice import events as e
from domain.provider_invoice.state import ProviderInvoice, evolve
from domain.rejected import Rejected

_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Override:
    """A checksum that was waived: by whom, why, how much."""

    actor: str
    reason: str
    difference: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class ChunkOf:
    """A chunk of an attempt as its event says it; `population` is that of its part."""

    part: str
    population: int
    chunk: int
    first_line: int
    last_line: int
    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: `state` is the invoice's as the attempt left it; the present one for the last."""

    number: int
    state: ProviderInvoice
    begun_at: datetime
    begun_by: str
    chunks: tuple[ChunkOf, ...]
    ended_at: datetime | None = None
    override: Override | None = None
    activated: bool = False


async def attempts_of(desk: InvoiceDesk, invoice: UUID) -> list[Attempt]:
    """All attempts, the first one first; Rejected `provider-invoice-missing`."""
    await load(desk, invoice)
    attempts: list[Attempt] = []
    state: ProviderInvoice | None = None
    known: dict[int, list[ChunkOf]] = {}
    async for recorded in _history(desk, invoice):
        fact = recorded.fact
        state = evolve(state, fact)
        if isinstance(fact, e.LinesPopulated):
            known.setdefault(fact.population, []).append(_chunk(fact))
        if state is None:
            continue
        if isinstance(fact, e.PopulationStarted):
            attempts.append(Attempt(fact.attempt, state, recorded.occurred_at, recorded.actor, ()))
        attempts[-1] = _after(attempts[-1], state, recorded, fact)
    return [_with_chunks(attempt, known) for attempt in attempts]


async def attempt_of(desk: InvoiceDesk, invoice: UUID, number: int | None) -> Attempt:
    """One attempt, the present one by default; Rejected `attempt-missing`."""
    attempts = await attempts_of(desk, invoice)
    for attempt in attempts:
        if number in {None, attempt.number} and (number is not None or attempt is attempts[-1]):
            return attempt
    raise Rejected("attempt-missing", f"The invoice has {len(attempts)} attempts, none is {number}.", kind="missing")


def _after(attempt: Attempt, state: ProviderInvoice, recorded: Recorded, fact: Fact) -> Attempt:
    attempt = replace(attempt, state=state)
    match fact:
        case e.ChecksumOverridden():
            override = Override(recorded.actor, fact.reason, fact.difference, recorded.occurred_at)
            return replace(attempt, override=override)
        case e.HeaderCorrected():
            return replace(attempt, override=None)
        case e.Activated():
            return replace(attempt, ended_at=recorded.occurred_at, activated=True)
        case e.ReferencesUnresolved() | e.ChecksumFailed() | e.ImportFailed() | e.ImportRetried():
            return replace(attempt, ended_at=recorded.occurred_at)
        case _:
            return attempt


def _with_chunks(attempt: Attempt, known: dict[int, list[ChunkOf]]) -> Attempt:
    parts = sorted(attempt.state.parts.values(), key=lambda p: (p.first_line, p.part))
    return replace(attempt, chunks=tuple(chunk for part in parts for chunk in known.get(part.population, ())))


def _chunk(fact: e.LinesPopulated) -> ChunkOf:
    return ChunkOf(
        part=fact.part,
        population=fact.population,
        chunk=fact.chunk,
        first_line=fact.first_line,
        last_line=fact.last_line,
        rows=fact.sums.rows,
        digest=fact.digest,
    )


async def _history(desk: InvoiceDesk, invoice: UUID) -> AsyncIterator[Recorded]:
    stream, after = stream_of(invoice), 0
    while page := await desk.store.history(stream, after=after, limit=_PAGE):
        for recorded in page:
            yield recorded
        after = page[-1].version
