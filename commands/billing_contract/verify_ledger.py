"""What is kept of contracts beside their streams, compared with what the streams come to.

That is when each is due next, its transactions, and which of these invoices have: each on those of one billing.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from commands.billing_contract.billing_desk import ContractBilling
from commands.billing_contract.books import KIND
from commands.billing_contract.preparing import Loaded, load_contracts
from commands.ports.event_store import History
from commands.ports.verifying import KeptContracts, KeptTransaction, TakenRun
from domain.billing_contract.events import TransactionRecorded
from domain.billing_contract.selection import next_run
from domain.billing_contract.transactions import fold_transactions

_PAGE: Final = 200
_FIRST: Final = UUID(int=0)
_LOOKS: Final = 5
"""A contract that changes while it is looked at is looked at again."""


@dataclass(frozen=True, slots=True)
class Ledgers:
    """Some contracts compared: how many they are, how many transactions they have, what is wrong."""

    contracts: int
    transactions: int
    findings: tuple[str, ...]


async def ledger_check(desk: ContractBilling, kept: KeptContracts) -> AsyncIterator[Ledgers]:
    """All contracts, page by page."""
    after = _FIRST
    while page := await kept.contracts(after, _PAGE):
        after = page[-1]
        found = await _look(desk, kept, page)
        for _ in range(_LOOKS):
            odd = [contract for contract, (_, wrong) in found.items() if wrong]
            again = await _look(desk, kept, odd) if odd else {}
            if all(again[contract] == found[contract] for contract in odd):
                break
            found |= again
        yield Ledgers(
            len(page), sum(count for count, _ in found.values()), tuple(w for _, wrong in found.values() for w in wrong)
        )


async def _look(
    desk: ContractBilling, kept: KeptContracts, contracts: Sequence[UUID]
) -> dict[UUID, tuple[int, tuple[str, ...]]]:
    loaded = await load_contracts(desk, contracts)
    years = await desk.store.load_by_keys(contracts, KIND)
    rows = await kept.transactions(contracts)
    taken = await kept.taken(contracts)
    found = {}
    for contract, one in loaded.items():
        told = {row for year in years.get(contract, ()) for row in _told(contract, year)}
        there = {row for row in rows if row.contract == contract}
        wrong = [*_due(one), *_unlike(one, told, there)]
        wrong += _taken(one, [run for run in taken if run.contract == contract])
        found[contract] = (len(told), tuple(wrong))
    return found


def _due(one: Loaded) -> Iterator[str]:
    then = next_run(one.known, one.known.contract.recorded_on)
    if one.seen is None:
        yield f"{one.known.contract.number} has no row that says when it is due"
    elif one.seen.next_run != then:
        yield f"{one.known.contract.number} is kept as due on {one.seen.next_run}, its streams say {then}"


def _told(contract: UUID, year: History) -> Iterator[KeptTransaction]:
    states = fold_transactions(year.facts)
    recorded = [fact for fact in year.facts if isinstance(fact, TransactionRecorded)]
    for number, fact in enumerate(recorded, 1):
        one = states.by_id[fact.transaction]
        cancelled = one.id in states.cancelled
        yield KeptTransaction(
            contract, fact.line, fact.day.year, number, one.id, one.day, one.kind, one.quantity, one.price, one.cost,
            one.customer, one.ready, cancelled,
        )  # fmt: skip


def _unlike(one: Loaded, told: set[KeptTransaction], there: set[KeptTransaction]) -> Iterator[str]:
    for row in sorted(told ^ there, key=lambda row: (row.line, row.year, row.number)):
        where = (
            "kept otherwise than its stream says, or not there" if row in told else "kept, its stream says otherwise"
        )
        yield f"{one.known.contract.number}, line {row.line}: transaction {row.id} is {where}"


def _taken(one: Loaded, kept: Sequence[TakenRun]) -> Iterator[str]:
    held = Counter(
        TakenRun(one.known.contract_id, taken.line, taken.year, span.first, span.last)
        for entry in one.known.entries.values()
        for holders, taken in entry.transactions
        for span in taken.ranges
        if holders
    )
    number = one.known.contract.number
    for run in sorted(held.keys() | set(kept)):
        what = f"{number}, line {run.line}: transactions {run.first} to {run.last} of {run.year}"
        if held[run] > 1:
            yield f"{what} are on invoices of {held[run]} billings"
        if run not in held:
            yield f"{what} are kept as taken, no live invoice has them"
        elif run not in kept:
            yield f"{what} are on live invoices, and kept as free"
