"""Transactions of a contract's line as they are stored: a stream a year, all of them under the contract's key."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from commands.billing_contract.desk import Answering, ContractDesk, Outcome, load
from commands.handling import Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.ports.contract_ledger import SetTransaction
from commands.ports.event_store import EventStore, History, Save, Write
from domain.billing_contract.events import BillingContractFact, MarkedReady, TransactionCancelled
from domain.billing_contract.state import BillingContract
from domain.billing_contract.transactions import Transactions, fold_transactions
from domain.fact import Fact
from domain.identity import Stream, contract_transactions_stream
from domain.rejected import Rejected

KIND = "contract-transactions"


@dataclass(frozen=True, slots=True)
class Book:
    """A contract as it is, and the transactions of one of its lines in all years."""

    contract: History
    state: BillingContract
    line: str
    years: Mapping[Stream, History]

    def known(self, more: Sequence[Fact] = ()) -> Transactions:
        """All transactions of the line, with these facts after them."""
        return fold_transactions([*(f for history in self.years.values() for f in history.facts), *more])

    def year_of(self, id_: str) -> History:
        """The year that holds a transaction; KeyError when none does."""
        day = self.known().by_id[id_].day
        return self.years[contract_transactions_stream(self.state.number, self.line, day.year)]

    def write(self, year: History, facts: Sequence[Fact]) -> Write:
        """Facts of one year."""
        return Write(year, tuple(facts), record_key=self.contract.stream.id)


async def load_book(store: EventStore, contract: UUID, line: str, years: Sequence[int] = ()) -> Book:
    """The transactions of a line; of `years` also the streams that are not there yet.

    Rejected `billing-contract-missing`, `line-missing`.
    """
    history, state = await load(store, contract)
    state.line(line)
    found = {one.stream: one for one in await store.load_by_key(contract, KIND) if _line(one) == line}
    new = [contract_transactions_stream(state.number, line, year) for year in years]
    missing = [stream for stream in new if stream not in found]
    if missing:
        found.update(await store.load_many(missing))
    return Book(history, state, line, found)


async def change_transaction(
    desk: ContractDesk,
    origin: Origin,
    contract: UUID,
    line: str,
    id_: str,
    deciding: Callable[[BillingContract, Transactions], Sequence[Fact]],
    *,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """One verb on one transaction; the contract, whose version is `expected`, stays as it was.

    Rejected `transaction-invoiced` when an invoice has it and something is to change.
    """

    async def decide() -> Decided[Outcome]:
        taken = id_ in await desk.ledger.taken(contract, line)
        book = await load_book(desk.store, contract, line)
        expect_version(book.contract.version, expected)
        facts = deciding(book.state, book.known())
        if facts and taken:
            raise Rejected(
                "transaction-invoiced",
                f"Transaction {id_} is on an invoice: delete that invoice first, or record another one.",
            )
        writes = (book.write(book.year_of(id_), facts), Write(book.contract, ())) if facts else ()
        rows = tuple(_row(contract, line, id_, fact) for fact in facts)
        save = Save(origin=origin, writes=writes, rows=rows) if facts else None
        return Decided(save, Outcome(contract, book.contract.version, book.state, bool(facts)))

    return await settle(desk.store, origin, decide, answer)


def _row(contract: UUID, line: str, id_: str, fact: Fact) -> SetTransaction:
    if isinstance(fact, TransactionCancelled):
        return SetTransaction(contract, line, id_, cancelled=True)
    return SetTransaction(contract, line, id_, ready=isinstance(fact, MarkedReady))


def _line(history: History) -> str | None:
    fact = history.facts[0] if history.facts else None
    return getattr(fact, "line", None) if isinstance(fact, BillingContractFact) else None
