"""The references check, by sets: what each reference means, what is missing, what each customer has."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, get_args

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.line_store.outlines import UsedReferences, complete_outlines, outlines_of
from adapters.line_store.tallying import Meaning, Rules, Tally, Tallying
from adapters.provider_files.cells import Arrow
from adapters.sql_files import load_sql
from commands.ports.line_store import Finding, Missing, Offer, ResolutionRequest, Tallied
from commands.ports.provider_files import Charge, LineKind
from domain.money import add
from domain.provider_invoice.conclude import Unresolved
from domain.provider_invoice.parts import MissingReference
from domain.usage_offer.events import ExcludedLines, Exclusion

_SQL = load_sql("adapters.line_store")
_NAMED = 20
_AT_ONCE: Final = 2_000_000
"""So many lines are added up in memory; of more, the outlines are read once for each such slice of the customers."""
_EPOCH: Final = date(1970, 1, 1)
_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""SHA-256 of nothing: the digest of an offer without billable lines."""


async def begin_resolution(connection: AsyncConnection[Any], request: ResolutionRequest) -> tuple[int, Missing | None]:
    """In the caller's transaction: fix what every reference means now; the resolution, and what is missing."""
    await tune(connection)
    parameters: dict[str, object] = {
        "provider": request.provider,
        "provider_invoice": request.provider_invoice,
        "attempt": request.attempt,
        "populations": list(request.populations),
        "unassigned": request.unassigned_customer,
        "pass_on": list(request.pass_on),
        "lines": request.lines,
        "at": request.at,
    }
    row = await (await connection.execute(_SQL["begin_resolution"], parameters)).fetchone()
    parameters["resolution"] = resolution = row[0] if row else 0
    await complete_outlines(connection, request.populations, request.lines)
    parameters |= await _used(connection, request.populations)
    candidates = await (await connection.execute(_SQL["resolve_references"], parameters)).fetchall()
    if not candidates:
        return resolution, None
    parameters["kinds"] = [kind for kind, _ in candidates]
    parameters["references"] = [reference for _, reference in candidates]
    every, *rows = await (await connection.execute(_SQL["find_missing"], parameters)).fetchall()
    findings = [_finding(row) for row in rows]
    if not findings:
        return resolution, None
    biggest = tuple(
        MissingReference(kind=f.kind, reference=f.reference, lines=f.lines, amount=f.amount) for f in findings[:_NAMED]
    )
    return resolution, Missing(Unresolved(len(findings), every[2], every[3], biggest), findings)


async def _used(connection: AsyncConnection[Any], populations: Sequence[int]) -> dict[str, object]:
    seen = {kind: UsedReferences(kind) for kind in ("customer", "product")}

    def see(outlines: Sequence[Arrow]) -> None:
        for outline in outlines:
            for references in seen.values():
                references.see(outline)

    async for outlines in outlines_of(connection, populations):
        await asyncio.to_thread(see, outlines)
    used = {kind: references.result() for kind, references in seen.items()}
    return {
        "kinds": [kind for kind, of_kind in used.items() for _ in of_kind.references],
        "references": [reference for of_kind in used.values() for reference in of_kind.references],
        "firsts": [_EPOCH + timedelta(day) for of_kind in used.values() for day in of_kind.firsts],
        "lasts": [_EPOCH + timedelta(day) for of_kind in used.values() for day in of_kind.lasts],
    }


async def finish_resolution(
    pool: "AsyncConnectionPool[AsyncConnection[Any]]", resolution: int, bill_from: Mapping[str, date]
) -> Tallied:
    """Fix from when on customers are billed, and add up what each has.

    The resolution counts for nothing until an activation uses it.
    """
    parameters: dict[str, object] = {"resolution": resolution}
    async with pool.connection() as connection, connection.transaction():
        head = await (await connection.execute(_SQL["resolution_head"], parameters)).fetchone()
        if head is None:
            raise KeyError(f"there is no resolution {resolution}")
        populations, pass_on, lines = head
        if bill_from:
            days = {"customers": list(bill_from), "dates": list(bill_from.values())}
            await connection.execute(_SQL["put_bill_from"], {**parameters, **days})
        rules = await _rules(connection, resolution, bill_from, pass_on)
        slices = -(-lines // _AT_ONCE) or 1
        for number in range(slices):
            tallying = Tallying(rules, slices=slices, number=number)
            async for outlines in outlines_of(connection, populations):
                await asyncio.to_thread(tallying.see, *outlines)
            await _put(connection, resolution, tallying.result())
        digest = await (await connection.execute(_SQL["finish_resolution"], parameters)).fetchone()
        rows = await (await connection.execute(_SQL["tallied"], parameters)).fetchall()
    return _tallied(rows, digest[0] if digest else "")


async def _rules(
    connection: AsyncConnection[Any], resolution: int, bill_from: Mapping[str, date], pass_on: Sequence[str]
) -> Rules:
    meanings: dict[str, dict[str, list[Meaning]]] = {"customer": defaultdict(list), "product": defaultdict(list)}
    for kind, reference, first, after, code in await (
        await connection.execute(_SQL["resolved"], {"resolution": resolution})
    ).fetchall():
        meanings[kind][reference].append((first, after, code))
    asked = {"kinds": list(get_args(LineKind)), "charges": list(get_args(Charge)), "pass_on": pass_on}
    rows = await (await connection.execute(_SQL["exclusions"], asked)).fetchall()
    exclusions = {(name, customer, product, early): why for name, customer, product, early, why in rows}
    return Rules(meanings["customer"], meanings["product"], bill_from, exclusions)


async def _put(connection: AsyncConnection[Any], resolution: int, bands: Iterator[list[Tally]]) -> None:
    async with connection.cursor() as cursor, cursor.copy(_SQL["put_tallies"]) as copy:
        while band := await asyncio.to_thread(next, bands, None):
            for t in band:
                await copy.write_row((resolution, *astuple(t)))


def _tallied(rows: list[tuple[Any, ...]], digest: str) -> Tallied:
    offered: dict[str, tuple[int, Decimal, str]] = {}
    excluded: dict[str, list[ExcludedLines]] = defaultdict(list)
    for customer, reason, lines, cost, sha256 in rows:
        if reason:
            excluded[customer].append(ExcludedLines(reason=reason, lines=lines, cost=cost))
        else:
            offered[customer] = (lines, cost, sha256)
    nobody = excluded.pop("", [])
    order = {reason: place for place, reason in enumerate(get_args(Exclusion))}
    offers = []
    for customer in sorted({*offered, *excluded}):
        lines, cost, sha256 = offered.get(customer, (0, Decimal(0), _NOTHING))
        why = tuple(sorted(excluded.get(customer, ()), key=lambda e: order[e.reason]))
        offers.append(Offer(customer, lines, cost, sha256, why))
    return Tallied(offers, sum(e.lines for e in nobody), add(*(e.cost for e in nobody)), digest)


def _finding(row: tuple[Any, ...]) -> Finding:
    kind, reference, lines, amount, first_lines, first, last, name, known = row
    days = f"on {first}" if first == last else f"from {first} to {last}"
    if not reference:
        hint = (
            "The lines name no customer: set the provider's unassigned_customer, or correct the file."
            if kind == "customer"
            else "The lines name no product: correct the file or the provider's mapping."
        )
    elif known:
        hint = f"The identifier is known, but not {days}: give it a period that covers these days."
    else:
        hint = f"Fill in the code of the {kind} and post this file to /v1/{kind}s/bulk, then try again."
    return Finding(kind, reference, name, lines, tuple(first_lines), amount, hint)


async def tune(connection: AsyncConnection[Any]) -> None:
    """The planner knows nothing yet about lines that have just come: hash joins, and sums in memory."""
    for statement in ("without_nested_loops", "without_jit", "with_memory"):
        await connection.execute(_SQL[statement])
