"""Contracts are billed: invoices, entries and everything taken in one transaction, many contracts at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from commands.billing_contract.billing_desk import Asked, Billed, ContractBilling, RowsOf
from commands.billing_contract.handing_over import superseded_writes
from commands.billing_contract.making import NewInvoice, due_after, entry_writes, new_invoices
from commands.billing_contract.preparing import Prepared, prepare
from commands.billing_contract.skipping import skip_facts, unbilled
from commands.billing_contract.taking_out import told
from commands.customer_invoice.pricing import Priced, price
from commands.handling import MAX_TRIES
from commands.origin import Origin
from commands.ports.contract_ledger import ContractDue, KeepDue, TakeTransactions
from commands.ports.event_store import Conflict, Rows, Save, Write
from commands.ports.invoice_runs import MadeInvoice
from domain.billing_contract.entry_events import Cause, InvoiceMade, TransactionsTaken
from domain.customer_invoice.calculation import calculate
from domain.customer_invoice.tasks import armed
from domain.fact import Fact
from domain.money import fixed
from domain.pricing.items import Failure
from domain.rejected import Rejected

AT_ONCE: Final = 128
"""Contracts that are decided together."""
LANES: Final = 3
"""Such parts at once: while one waits for the database, another one is decided."""
TOGETHER: Final = 32
"""Contracts that are stored in one transaction."""
STORING: Final = 2
"""Such transactions at once: more would only wait for each other, each with a connection that deciding lacks then."""


async def bill_many(
    desk: ContractBilling, origin: Origin, asked: Sequence[Asked], *, cause: Cause, rows_of: RowsOf | None = None
) -> Sequence[Billed]:
    """Each contract by itself: a fault of one stops no other. Outcomes in the order asked, one for each.

    A contract that something else changes meanwhile is decided again, on what it is then: asked twice, by however many
    processes, it is billed once. `rows_of` rides with what is stored. Raises what says nothing about a contract, such
    as a database that is away.
    """
    done: dict[UUID, Billed] = {}
    turn, storing = asyncio.Semaphore(LANES), asyncio.Semaphore(STORING)

    async def store(some: "Sequence[Ready]", told: dict[UUID, Billed]) -> Sequence[UUID]:
        async with storing:
            return await _store(desk, origin, some, rows_of, told)

    async def part(some: Sequence[Asked]) -> None:
        async with turn:
            done.update(await _bill(desk, origin, some, cause, store))

    wanted = list({one.contract: one for one in asked}.values())
    ended = await asyncio.gather(*(part(some) for some in _parts(wanted, AT_ONCE)), return_exceptions=True)
    for fault in ended:  # all of them have ended: nothing goes on behind a caller who was told of a fault
        if fault is not None:
            raise fault
    return [done[one.contract] for one in asked]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a contract comes to: its invoices, each priced; nothing is stored yet."""

    prepared: Prepared
    invoices: Sequence[NewInvoice]
    priced: Mapping[UUID, Priced]
    """By invoice."""

    @property
    def made(self) -> Sequence[MadeInvoice]:
        """The invoices as they are told."""
        return [_shown(one, self.priced[one.stream.id]) for one in self.invoices]

    @property
    def warnings(self) -> Sequence[str]:
        """Entries that wait, or are billed by hand without waiting, lines that are skipped, costs that are not known,
        and invoices that can't be priced.
        """
        by_hand = self.prepared.asked.by_hand
        found = [one.without if by_hand else one.reason for one in self.prepared.held]
        found += [*(one.reason for one in self.prepared.plan.skipped), *self.prepared.plan.warnings]
        for one in self.invoices:
            result = self.priced[one.stream.id].result
            if isinstance(result, Failure):
                found.append(f"{one.made.reference}: {result.message}")
        return found


@dataclass(slots=True)
class Ready:
    """A contract that is decided, as it is stored."""

    prepared: Prepared
    billed: Billed
    writes: Sequence[Write]
    rows: Sequence[Rows]
    due: ContractDue
    taken: Sequence[TransactionsTaken]
    back: Sequence[TransactionsTaken] = ()
    """Transactions that replaced invoices held, and that are free now."""


_Store = Callable[[Sequence[Ready], dict[UUID, Billed]], Awaitable[Sequence[UUID]]]
"""See `_store`."""


async def _bill(
    desk: ContractBilling, origin: Origin, asked: Sequence[Asked], cause: Cause, store: _Store
) -> Mapping[UUID, Billed]:
    done: dict[UUID, Billed] = {}
    left = list(asked)
    together = TOGETHER
    for _ in range(MAX_TRIES):
        try:
            found = await prepare(desk, origin, left)
            planned = [one for one in found.values() if isinstance(one, Prepared)]
            decided = await decide_all(desk, [one for one in planned if _stores(one)])
        except Conflict:  # something was changed while it was read
            continue
        done.update({id_: _refused(id_, no) for id_, no in found.items() if isinstance(no, Rejected)})
        done.update({one.known.contract_id: unbilled(one) for one in planned if not _stores(one)})
        ready = [ready_of(each, cause) for each in decided]
        waits = [each.prepared.asked.by_hand and not each.invoices for each in decided]  # for the runs of their days
        done.update({each.due.contract: each.billed for each, stays in zip(ready, waits, strict=True) if stays})
        ready = [each for each in ready if each.due.contract not in done]
        conflicts = await asyncio.gather(*(store(some, done) for some in _batches(ready, together)))
        again = {contract for several in conflicts for contract in several}
        if not again:
            return done
        left = [one for one in left if one.contract in again]
        together = 1  # whoever is at them is at few of them: the others are not held up again
    for one in left:
        reason = "It was changed by others all the time: the next run looks at it again."
        done[one.contract] = Billed(one.contract, "", "failed", reason=reason, code="busy")
    return done


async def decide_all(desk: ContractBilling, planned: Sequence[Prepared]) -> list[Decision]:
    """The invoices of each, priced."""
    made = {one.known.contract_id: new_invoices(one) for one in planned}
    priced = await _priced(desk, [invoice for several in made.values() for invoice in several])
    return [
        Decision(one, made[id_], {invoice.stream.id: priced[invoice.stream.id] for invoice in made[id_]})
        for one in planned
        for id_ in (one.known.contract_id,)
    ]


async def _priced(desk: ContractBilling, invoices: Sequence[NewInvoice]) -> Mapping[UUID, Priced]:
    if not invoices:
        return {}
    customers = sorted({one.made.customer for one in invoices})
    inputs = await desk.calculation.reference.pricing_inputs(customers)
    entering = {batch: seqs for one in invoices for batch, seqs in one.usage.seqs.items()}
    return await price(desk.calculation, {one.stream.id: one.state for one in invoices}, inputs, entering=entering)


def ready_of(decision: Decision, cause: Cause) -> Ready:
    """What is stored of it: the invoices, the entries, and when the contract is due next."""
    prepared, invoices = decision.prepared, decision.invoices
    known = prepared.known
    writes: list[Write] = []
    rows: list[Rows] = []
    for one in invoices:
        result = decision.priced[one.stream.id]
        facts = calculate(result.invoice, result.result, position=result.inputs.position, cause=cause)
        tasks: tuple[Fact, ...] = ()
        if prepared.asked.arm_tasks is not None:
            tasks = tuple(
                armed(
                    one.stream.id,
                    customer=one.made.customer,
                    reference=one.made.reference,
                    tasks=known.contract.terms.tasks,
                    by=prepared.asked.arm_tasks,
                )
            )
        writes.append(Write(one.history, (one.created, *one.usage.facts, *facts, *tasks)))
        writes += one.usage.writes
        rows += one.usage.rows
    entries, after = entry_writes(prepared, invoices, cause)
    writes += entries
    made = {one.made.customer: one.made for one in invoices}
    writes += _replaced(prepared, made, cause)
    none = unbilled(prepared)
    outcome = replace(
        none,
        outcome="invoiced" if invoices else none.outcome,
        invoices=tuple(decision.made),
        reason=none.reason if not invoices else None,
        code=none.code if not invoices else None,
        warnings=tuple(decision.warnings),
        replaced=told(prepared.replaced, made) if prepared.asked.replace else (),
    )
    taken = [one for several in prepared.plan.taken.values() for one in several]
    held = prepared.replaced.how.freed if prepared.replaced is not None else ()
    back = [one for one in held if one not in taken]
    taken = [one for one in taken if one not in held]
    return Ready(prepared, outcome, writes, rows, due_after(prepared, after), taken, back)


def _replaced(prepared: Prepared, made: Mapping[str, InvoiceMade], cause: Cause) -> Iterator[Write]:
    """What replaced invoices say. Nothing is written to approved and closed ones; any that has moved since makes it a
    Conflict.
    """
    of = prepared.replaced
    if of is None or not prepared.asked.replace:
        return
    old = of.of("take_over")
    by = {id_: made[state.customer] for id_, (_, state) in old.items()}
    yield from superseded_writes(old, {id_: (one.invoice, one.reference) for id_, one in by.items()}, cause)
    for id_, (history, _) in of.invoices.items():
        if id_ not in old:
            yield Write(history, ())


def _shown(one: NewInvoice, priced: Priced) -> MadeInvoice:
    currency = one.created.currency
    result = priced.result
    total = fixed(result.revenue_total, currency) if not isinstance(result, Failure) else ""
    return MadeInvoice(one.stream.id, one.made.customer, one.made.reference, total, currency)


async def _store(
    desk: ContractBilling, origin: Origin, some: Sequence[Ready], rows_of: RowsOf | None, done: dict[UUID, Billed]
) -> Sequence[UUID]:
    """One transaction; the contracts that were changed meanwhile, or are in company of one that was."""
    try:
        more = [row for one in some for row in rows_of(one.billed)] if rows_of is not None else ()
        await desk.store.append(save_of(origin, some, more))
    except Conflict:
        return [one.due.contract for one in some]
    done.update({one.due.contract: one.billed for one in some})
    return []


def save_of(origin: Origin, some: Sequence[Ready], more: Sequence[Rows] = ()) -> Save:
    """All of them in one transaction; a contract that has moved since makes it a Conflict."""
    rows: list[Rows] = [KeepDue([one.due for one in some])]
    back = [(one.due.contract, taken) for one in some for taken in one.back]
    if back:
        rows.append(TakeTransactions(back, back=True))
    taken = [(one.due.contract, taken) for one in some for taken in one.taken]
    if taken:
        rows.append(TakeTransactions(taken))
    rows += [row for one in some for row in one.rows]
    writes = [write for one in some for write in (*one.writes, Write(one.prepared.history, ()))]
    return Save(origin=origin, writes=tuple(writes), rows=(*rows, *more))


def _stores(one: Prepared) -> bool:
    return bool(one.plan.due or skip_facts(one))


def _refused(contract: UUID, no: Rejected) -> Billed:
    return Billed(contract, "", "failed", reason=no.detail, code=no.code, facts=no.facts)


def _parts(asked: Sequence[Asked], size: int) -> Iterator[Sequence[Asked]]:
    for start in range(0, len(asked), size):
        yield asked[start : start + size]


def _batches(ready: Sequence[Ready], size: int) -> Iterator[Sequence[Ready]]:
    for start in range(0, len(ready), size):
        yield ready[start : start + size]
