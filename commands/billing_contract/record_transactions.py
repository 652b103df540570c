"""Transactions of a line are recorded, one or many, each with its own result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID

from commands.billing_contract.books import Book, load_book
from commands.billing_contract.desk import ContractDesk, Outcome
from commands.handling import Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.ports.contract_ledger import NewTransaction, PutTransactions
from commands.ports.event_store import Answer, Claim, ClaimTaken, Save, Write
from domain.billing_contract.events import TransactionRecorded
from domain.billing_contract.time_and_material import Transaction
from domain.billing_contract.transactions import Transactions, id_taken, record
from domain.fact import Fact
from domain.identity import Stream, contract_transactions_stream, natural_name
from domain.rejected import Rejected


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one transaction; `refused` says why it was not recorded."""

    id: str
    result: Literal["recorded", "unchanged", "rejected"]
    refused: Rejected | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """The contract, which is as it was, and a result for each transaction in order."""

    contract: Outcome
    results: tuple[Result, ...]


RecordingAnswer: TypeAlias = "Callable[[Recording], Answer | None] | None"


async def record_transactions(
    desk: ContractDesk,
    origin: Origin,
    contract: UUID,
    line: str,
    wanted: Sequence[Transaction],
    *,
    alone: bool = False,
    expected: int | None = None,
    answer: RecordingAnswer = None,
) -> Done[Recording]:
    """The good ones are recorded, together; one that is there already is `unchanged`. `alone`: a refusal is raised."""

    async def decide() -> Decided[Recording]:
        book = await load_book(desk.store, contract, line, sorted({one.day.year for one in wanted}))
        expect_version(book.contract.version, expected)
        facts, results = _record(book, wanted)
        refused = results[0].refused
        if alone and refused is not None:
            raise refused
        state = Outcome(contract, book.contract.version, book.state, bool(facts))
        return Decided(_save(origin, book, facts) if facts else None, Recording(state, results))

    try:
        return await settle(desk.store, origin, decide, answer)
    except ClaimTaken:  # the same id came at once in another year: seen as such when decided again
        try:
            return await settle(desk.store, origin, decide, answer)
        except ClaimTaken as taken:
            raise id_taken(taken.key) from taken


def _record(book: Book, wanted: Sequence[Transaction]) -> tuple[dict[Stream, list[Fact]], tuple[Result, ...]]:
    facts: dict[Stream, list[Fact]] = {}
    results: list[Result] = []
    known = book.known()
    by_id = dict(known.by_id)
    for one in wanted:
        try:
            new = record(book.state, book.line, Transactions(by_id, known.cancelled), one)
        except Rejected as refused:
            results.append(Result(one.id, "rejected", refused))
            continue
        if new:
            by_id[one.id] = one
            year = contract_transactions_stream(book.state.number, book.line, one.day.year)
            facts.setdefault(year, []).extend(new)
        results.append(Result(one.id, "recorded" if new else "unchanged"))
    return facts, tuple(results)


def _save(origin: Origin, book: Book, facts: dict[Stream, list[Fact]]) -> Save:
    """Each id is claimed for its line, so that no other year gets it at the same time; the contract stays as seen."""
    claims = [
        Claim("contract-transaction", natural_name(book.state.number, book.line, fact.transaction), stream.id)
        for stream, new in facts.items()
        for fact in new
        if isinstance(fact, TransactionRecorded)
    ]
    writes = [book.write(book.years[stream], new) for stream, new in facts.items()]
    rows = (PutTransactions(book.contract.stream.id, _rows(book, facts)),)
    return Save(origin=origin, writes=(*writes, Write(book.contract, ())), claims=tuple(claims), rows=rows)


def _rows(book: Book, facts: dict[Stream, list[Fact]]) -> list[NewTransaction]:
    """As billing finds them; each knows that it is the nth of its year."""
    found = []
    for stream, new in facts.items():
        number = sum(isinstance(fact, TransactionRecorded) for fact in book.years[stream].facts)
        for fact in new:
            if isinstance(fact, TransactionRecorded):
                number += 1
                found.append(_row(fact, number))
    return found


def _row(fact: TransactionRecorded, number: int) -> NewTransaction:
    return NewTransaction(
        line=fact.line,
        year=fact.day.year,
        number=number,
        id=fact.transaction,
        day=fact.day,
        kind=fact.transaction_class,
        quantity=fact.quantity,
        price=fact.price,
        cost=fact.cost,
        customer=fact.customer,
        ready=fact.ready,
    )
