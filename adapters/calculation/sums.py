"""The port to what purchases add up to, on PostgreSQL: many invoices in one statement, exact sums."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.sql_files import load_sql
from commands.ports.calculation import MAX_NAMED, Held, OfferedPart
from domain.pricing.purchases import PurchaseGroup
from domain.usage_offer.ranges import Ranges, of_numbers

_SQL = load_sql("adapters.calculation")
_WORTH_SCANNING: Final = 0.01
"""From this part of an attempt's lines on, one pass over its index is quicker than finding each line by its number."""


@dataclass(frozen=True, slots=True)
class _Resolution:
    """What an attempt was activated with: fixed for good."""

    id: int
    populations: Sequence[int]
    lines: int


@dataclass(frozen=True, slots=True)
class _Part:
    """Lines of one offer on one invoice."""

    place: int
    held: Held
    offered: OfferedPart
    resolution: _Resolution


class StoredSums:
    """`commands.ports.calculation.PurchaseSums`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def sums(
        self, held: Sequence[Held], boundaries: Sequence[date], *, rows: bool = False
    ) -> Sequence[Sequence[PurchaseGroup]]:
        """See the port; LookupError when an invoice holds lines of an attempt that was never activated."""
        groups: list[list[PurchaseGroup]] = [[] for _ in held]
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(_SQL["tuned"])
            await _posted(connection, held, boundaries, groups, rows=rows)
            for parts, scan in await _planned(connection, held):
                await connection.execute(_SQL["reading" if scan else "probing"])
                await _offered(connection, parts, boundaries, groups, scan=scan, rows=rows)
        return groups


async def _planned(connection: AsyncConnection[Any], held: Sequence[Held]) -> list[tuple[list[_Part], bool]]:
    """Parts that are worth a pass over the lines of their attempts, first, and the rest."""
    wanted = {(o.provider_invoice, o.attempt) for h in held for o in h.offered}
    if not wanted:
        return []
    known = await _resolutions(connection, wanted)
    parts = [
        _Part(place, h, o, known[o.provider_invoice, o.attempt]) for place, h in enumerate(held) for o in h.offered
    ]
    lines: dict[int, int] = defaultdict(int)
    for part in parts:
        lines[part.resolution.id] += part.offered.lines
    scan = [p for p in parts if lines[p.resolution.id] >= p.resolution.lines * _WORTH_SCANNING]
    probe = [p for p in parts if lines[p.resolution.id] < p.resolution.lines * _WORTH_SCANNING]
    return [(found, how) for found, how in ((scan, True), (probe, False)) if found]


async def _resolutions(
    connection: AsyncConnection[Any], wanted: Iterable[tuple[UUID, int]]
) -> Mapping[tuple[UUID, int], _Resolution]:
    asked = sorted(wanted)
    values = {"provider_invoices": [w[0] for w in asked], "attempts": [w[1] for w in asked]}
    rows = await (await connection.execute(_SQL["resolutions_of"], values)).fetchall()
    found = {(invoice, attempt): _Resolution(*rest) for invoice, attempt, *rest in rows}
    for invoice, attempt in asked:
        if (invoice, attempt) not in found:
            raise LookupError(f"attempt {attempt} of provider invoice {invoice} was never activated")
    return found


async def _offered(
    connection: AsyncConnection[Any],
    parts: Sequence[_Part],
    boundaries: Sequence[date],
    groups: Sequence[list[PurchaseGroup]],
    *,
    scan: bool,
    rows: bool,
) -> None:
    populations = {(p.resolution.id, population) for p in parts for population in p.resolution.populations}
    values: dict[str, object] = {
        "parts": list(range(len(parts))),
        "resolutions": [p.resolution.id for p in parts],
        "customers": [p.held.customer for p in parts],
        "offers": [p.offered.offer for p in parts],
        "ranges": [_multirange(p.offered.ranges) for p in parts],
        "firsts": [_in_time(p.held)[0] for p in parts],
        "lasts": [_in_time(p.held)[1] for p in parts],
        "of": [resolution for resolution, _ in populations],
        "populations": [population for _, population in populations],
        "boundaries": list(boundaries),
        "scan": scan,
        "rows": rows,
    }
    # Never prepared: a plan that was kept would not know whether this time it is to scan or to probe.
    cursor = await connection.execute(_SQL["offered_sums"], values, prepare=False)
    for (
        part,
        product,
        subscription,
        unit,
        late,
        first,
        last,
        quantity,
        cost,
        lines,
        sample,
        numbers,
    ) in await cursor.fetchall():
        held, offered = parts[part].held, parts[part].offered
        groups[parts[part].place].append(
            PurchaseGroup(
                product=product,
                subscription=subscription,
                first_day=first,
                last_day=last,
                period=late or held.period_from,
                quantity=quantity,
                unit=unit,
                cost=cost,
                cost_currency=None if offered.currency == held.currency else offered.currency,
                cost_date=offered.cost_date,
                lines=lines,
                sources=(
                    f"offer {offered.provider_invoice} {offered.attempt} {_ranges(numbers)}"
                    if rows
                    else f"{offered.name} line {sample}",
                ),
            )
        )


async def _posted(
    connection: AsyncConnection[Any],
    held: Sequence[Held],
    boundaries: Sequence[date],
    groups: Sequence[list[PurchaseGroup]],
    *,
    rows: bool,
) -> None:
    parts = [(place, h, p) for place, h in enumerate(held) for p in h.posted]
    if not parts:
        return
    values: dict[str, object] = {
        "places": [place for place, _, _ in parts],
        "batches": [p.batch for _, _, p in parts],
        "removed": [_multirange(p.removed) for _, _, p in parts],
        "entering": ["{" + ",".join(map(str, p.entering)) + "}" for _, _, p in parts],
        "customers": [h.customer for _, h, _ in parts],
        "currencies": [h.currency for _, h, _ in parts],
        "firsts": [_in_time(h)[0] for _, h, _ in parts],
        "lasts": [_in_time(h)[1] for _, h, _ in parts],
        "boundaries": list(boundaries),
        "rows": rows,
        "named": MAX_NAMED,
    }
    cursor = await connection.execute(_SQL["posted_sums"], values, prepare=False)
    for (
        place,
        product,
        subscription,
        unit,
        late,
        currency,
        day,
        first,
        last,
        quantity,
        cost,
        lines,
        key,
        ids,
    ) in await cursor.fetchall():
        groups[place].append(
            PurchaseGroup(
                product=product,
                subscription=subscription,
                first_day=first,
                last_day=last,
                period=late or held[place].period_from,
                quantity=quantity,
                unit=unit,
                cost=cost,
                cost_currency=None if currency == held[place].currency else currency,
                cost_date=day,
                lines=lines,
                sources=("purchases " + ",".join(map(str, sorted(ids))) if rows else f"purchase {key}",),
            )
        )


def _in_time(held: Held) -> tuple[date, date]:
    """The days on which a purchase is not late."""
    return (held.period_from, held.period_to) if held.late else (date.min, date.max)


def _multirange(ranges: Ranges) -> str:
    return "{" + ",".join(f"[{r.first},{r.last}]" for r in ranges) + "}"


def _ranges(numbers: Sequence[int]) -> str:
    return ",".join(f"{r.first}-{r.last}" for r in of_numbers(numbers)[:MAX_NAMED])
