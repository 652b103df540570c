"""Whether the line store still holds what the events say: digests of chunks, recomputed; and its tidying."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from commands.ports.line_store import ChunkAt
from commands.provider_invoice.attempts import Attempt, ChunkOf, attempts_of
from commands.provider_invoice.desk import InvoiceDesk, stream_of
from domain.provider_invoice.events import LinesPopulated, PopulationStarted

KEPT: Final = timedelta(days=90)
"""Lines of superseded failed attempts stay for inspection this long after the next attempt began."""
ABANDONED: Final = timedelta(days=1)
"""An upload that no event names by then broke off."""
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class ChunkChecked:
    """A chunk whose digest was recomputed; `found` differs from `chunk.digest` when lines were lost or changed."""

    provider_invoice: UUID
    invoice_number: str
    attempt: int
    chunk: ChunkOf
    found: str

    @property
    def sound(self) -> bool:
        """Whether the lines are what the event says."""
        return self.found == self.chunk.digest


async def digest_check(desk: InvoiceDesk) -> AsyncIterator[ChunkChecked]:
    """Recompute every chunk that must be there: of present attempts, and of all that were ever activated."""
    after = 0
    seen: set[UUID] = set()
    while page := await desk.store.read(after=after, limit=_PAGE, types=(PopulationStarted.type,)):
        for recorded in page:
            invoice = recorded.stream.id
            if invoice in seen:
                continue
            seen.add(invoice)
            attempts = await attempts_of(desk, invoice)
            checked: set[tuple[int, int]] = set()
            for attempt in attempts:
                if not (attempt.activated or attempt is attempts[-1]):
                    continue
                for chunk in attempt.chunks:
                    if (chunk.population, chunk.chunk) not in checked:
                        checked.add((chunk.population, chunk.chunk))
                        found = await _digest(desk, chunk)
                        yield ChunkChecked(invoice, attempt.state.number, attempt.number, chunk, found)
        after = page[-1].position


async def _digest(desk: InvoiceDesk, chunk: ChunkOf) -> str:
    if chunk.rows == 0:
        return hashlib.sha256().hexdigest()
    digest = hashlib.sha256()
    async for block in desk.lines.canonical(ChunkAt(chunk.population, chunk.first_line, chunk.last_line)):
        digest.update(block)
    return digest.hexdigest()


async def purge_lines(desk: InvoiceDesk, now: datetime) -> int:
    """Remove lines that count nowhere: of uploads that broke off a day ago, and 90 days on those of parts that were
    replaced or whose failed attempt was superseded. Of activated attempts nothing is ever removed, nor of the present
    one. How many lines went.
    """
    by_invoice: dict[UUID, list[int]] = {}
    for population, invoice in (await desk.lines.populations_before(now - ABANDONED)).items():
        by_invoice.setdefault(invoice, []).append(population)
    old = set(await desk.lines.populations_before(now - KEPT))
    await desk.lines.purge_resolutions(now - ABANDONED)
    removed = 0
    for invoice, populations in by_invoice.items():
        facts = (await desk.store.load(stream_of(invoice))).facts
        named = {fact.population for fact in facts if isinstance(fact, LinesPopulated)}
        attempts = await attempts_of(desk, invoice) if facts else []
        going = [p for p in populations if p not in named or (p in old and _is_over(p, attempts, before=now - KEPT))]
        if going:
            removed += await desk.lines.purge(going)
    return removed


def _is_over(population: int, attempts: Sequence[Attempt], *, before: datetime) -> bool:
    """Whether no attempt needs it: it was replaced, or its failed attempt was superseded before an instant."""
    naming = [a for a in attempts if any(p.population == population for p in a.state.parts.values())]
    if not naming:
        return True
    if naming[-1] is attempts[-1] or any(a.activated for a in naming):
        return False
    return attempts[attempts.index(naming[-1]) + 1].begun_at < before
