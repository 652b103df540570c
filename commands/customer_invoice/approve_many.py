"""Many customer invoices are approved in one go: numbered by period to, customer code and id, each with its result."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from commands.customer_invoice.approving import Ready, decide_approval, names_for
from commands.customer_invoice.desk import InvoicingDesk, Loaded, there
from commands.customer_invoice.settling import settle_before_request
from commands.handling import MAX_TRIES, Busy
from commands.origin import Origin
from commands.ports.event_store import Conflict, Rows
from commands.ports.numbering import NumberedSave
from domain.customer_invoice.state import Status, fold
from domain.identity import Stream
from domain.rejected import Rejected

AT_ONCE: Final = 256
"""Invoices decided together: one transaction of numbers."""


@dataclass(frozen=True, slots=True)
class Approved:
    """What became of one: its status by now (`approving`: a step was approved), with the number that it has got.

    `changed` False: this person had approved it before. `refused`: why nothing was done; Rejected says a rule's no
    (`invoice-empty` too), anything else is a failure, which may be tried again.
    """

    invoice: UUID
    status: Status | None = None
    number: str | None = None
    changed: bool = False
    refused: Exception | None = None


RowsOf = Callable[[UUID], Sequence[Rows]]


async def approve_many(
    desk: InvoicingDesk,
    origin: Origin,
    invoices: Sequence[UUID],
    *,
    comment: str | None = None,
    include_empty: bool = False,
    rows_of: RowsOf | None = None,
    told: Callable[[Sequence[Approved]], bool] | None = None,
) -> Sequence[Approved]:
    """All of them on behalf of the origin's actor, whose word counts for each as `approve` says.

    `rows_of` gives rows that are stored with an invoice's approval, in its transaction. `told` hears of each batch as
    it is done, and ends the run with False. Numbers follow the order among those approved at the first try.
    """
    known = await desk.numbers.in_order(list(dict.fromkeys(invoices)))
    there_are = set(known)
    missing = [one for one in dict.fromkeys(invoices) if one not in there_are]
    results = [Approved(one, refused=_missing(one)) for one in missing]
    if missing and told is not None and not told(results):
        return results
    before: asyncio.Task[list[Approved]] | None = None
    go_on = True
    for batch in _batches(known):
        ready = await _decide(desk, origin, batch, comment, rows_of, include_empty=include_empty)
        if before is not None:  # the batch before is stored while this one is decided, and numbered before it
            done = await before
            results += done
            go_on = told is None or told(done)
        if not go_on:
            return results
        before = asyncio.create_task(_store(desk, origin, ready, comment, rows_of, include_empty=include_empty))
    if before is not None:
        done = await before
        results += done
        if told is not None:
            told(done)
    return results


Decision = Ready | Exception


async def _decide(
    desk: InvoicingDesk,
    origin: Origin,
    invoices: Sequence[UUID],
    comment: str | None,
    rows_of: RowsOf | None,
    *,
    include_empty: bool,
) -> dict[UUID, Decision]:
    histories = await desk.store.load_many([Stream("customer-invoice", one) for one in invoices])
    decided: dict[UUID, Decision] = {}
    states = {}
    for stream, history in histories.items():
        try:
            states[stream.id] = (history, there(stream.id, fold(history.facts)))
        except Rejected as no:
            decided[stream.id] = no
    settings = await desk.rulebook.settings([s.customer for _, s in states.values()], origin.now, origin.zone)
    loaded = {one: Loaded(history, state, settings[state.customer]) for one, (history, state) in states.items()}
    settled, refused = await settle_before_request(desk, origin, loaded)
    decided |= refused
    names = await names_for(desk, list(settled.values()))
    for one, found in settled.items():
        try:
            if not include_empty:
                _expect_items(found)
            rows = rows_of(one) if rows_of else ()
            name = names.get(found.state.customer)
            decided[one] = decide_approval(found, origin, name, comment=comment, rows=rows)
        except Rejected as no:
            decided[one] = no
    return decided


async def _store(
    desk: InvoicingDesk,
    origin: Origin,
    ready: dict[UUID, Decision],
    comment: str | None,
    rows_of: RowsOf | None,
    *,
    include_empty: bool,
) -> list[Approved]:
    """Store what was decided; those that lost are decided again, behind the others."""
    results: list[Approved] = []
    for _ in range(MAX_TRIES):
        again = []
        for one, outcome in await _append(desk, ready):
            if isinstance(outcome, Conflict):
                again.append(one)
            elif isinstance(outcome, Exception):
                results.append(Approved(one, refused=outcome))
            else:
                results.append(outcome)
        if not again:
            return results
        ready = await _decide(desk, origin, again, comment, rows_of, include_empty=include_empty)
    busy = Busy("It is being changed by many commands at once.")
    return results + [Approved(one, refused=busy) for one in ready]


async def _append(desk: InvoicingDesk, ready: dict[UUID, Decision]) -> list[tuple[UUID, Approved | Exception]]:
    results: list[tuple[UUID, Approved | Exception]] = []
    last_words: list[tuple[UUID, NumberedSave]] = []
    steps: list[tuple[UUID, Ready]] = []
    for one, decision in ready.items():
        if isinstance(decision, Exception):
            results.append((one, decision))
        elif decision.numbered is not None:
            last_words.append((one, decision.numbered))
        else:
            steps.append((one, decision))
    stored = await desk.numbers.append_many([numbered for _, numbered in last_words])
    for (one, _), done in zip(last_words, stored, strict=True):
        if isinstance(done, Exception):
            results.append((one, done))
        else:
            results.append((one, Approved(one, "approved", done.number.text, changed=True)))
    results += await asyncio.gather(*(_step(desk, one, decided) for one, decided in steps))
    return results


async def _step(desk: InvoicingDesk, one: UUID, ready: Ready) -> tuple[UUID, Approved | Exception]:
    if ready.save is not None:
        try:
            await desk.store.append(ready.save)
        except Exception as error:  # noqa: BLE001 - it is this one's result
            return one, error
    state = ready.outcome.state
    return one, Approved(one, state.status, state.approved.number if state.approved else None, ready.outcome.changed)


def _expect_items(loaded: Loaded) -> None:
    """A bulk approval leaves empty invoices out unless it is told otherwise."""
    state = loaded.state
    if state.status in ("open", "approving") and state.calculation is not None and state.calculation.item_count == 0:
        raise Rejected("invoice-empty", f"{state.reference} has no item: say include_empty to approve it all the same.")


def _missing(invoice: UUID) -> Rejected:
    return Rejected("customer-invoice-missing", f"There is no customer invoice {invoice}.", kind="missing")


def _batches(invoices: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(invoices), AT_ONCE):
        yield invoices[start : start + AT_ONCE]
