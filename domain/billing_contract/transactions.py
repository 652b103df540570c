"""Transactions of a line in one year: a stream of their own, so that contracts stay short."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from domain.billing_contract import events as e
from domain.billing_contract.cycles import checked_day
from domain.billing_contract.lines import check_code, expect_other_readiness
from domain.billing_contract.parts import TimeAndMaterialTerms
from domain.billing_contract.state import BillingContract
from domain.billing_contract.time_and_material import Transaction
from domain.fact import Fact
from domain.rejected import Rejected

MAX_REASON: Final = 2000


@dataclass(frozen=True, slots=True)
class Transactions:
    """Those of one line and year, by id; `cancelled`: ids that will not be billed."""

    by_id: Mapping[str, Transaction] = field(default_factory=dict)
    cancelled: frozenset[str] = frozenset()

    def of(self, id_: str) -> Transaction:
        """Rejected `transaction-missing`."""
        found = self.by_id.get(id_)
        if found is None:
            raise Rejected("transaction-missing", f"There is no transaction {id_[:64]} on this line.", kind="missing")
        return found


def fold_transactions(facts: Iterable[Fact]) -> Transactions:
    """The transactions after these facts."""
    by_id: dict[str, Transaction] = {}
    cancelled: set[str] = set()
    for fact in facts:
        match fact:
            case e.TransactionRecorded():
                by_id[fact.transaction] = _transaction(fact)
            case e.TransactionCancelled():
                cancelled.add(fact.transaction)
                by_id[fact.transaction] = replace(by_id[fact.transaction], taken=True)
            case e.MarkedReady() | e.UnmarkedReady() if fact.transaction is not None:
                ready = isinstance(fact, e.MarkedReady)
                by_id[fact.transaction] = replace(by_id[fact.transaction], ready=ready)
            case _:
                pass
    return Transactions(by_id, frozenset(cancelled))


def record(contract: BillingContract, line: str, known: Transactions, wanted: Transaction) -> list[Fact]:
    """One transaction. The same one again decides nothing.

    Rejected `line-of-other-kind`, `class-not-taken`, `transaction-before-start`, `transaction-after-end`,
    `customer-not-in-contract`, `transaction-id-taken`, `code-invalid`.
    """
    there = known.by_id.get(wanted.id)
    if there is not None:
        if replace(there, ready=False, taken=False) == replace(wanted, ready=False, taken=False):
            return []
        raise id_taken(wanted.id)
    _check(contract, line, wanted)
    return [
        e.TransactionRecorded(
            contract=contract.number,
            line=line,
            transaction=wanted.id,
            day=wanted.day,
            transaction_class=wanted.kind,
            quantity=wanted.quantity,
            price=wanted.price,
            cost=wanted.cost,
            currency=contract.terms.currency,
            customer=wanted.customer,
            ready=wanted.ready,
        )
    ]


def cancel(contract: BillingContract, line: str, known: Transactions, id_: str, reason: str) -> list[Fact]:
    """It will not be billed; a cancelled one decides nothing. Rejected `transaction-missing`."""
    known.of(id_)
    if id_ in known.cancelled:
        return []
    return [e.TransactionCancelled(contract=contract.number, line=line, transaction=id_, reason=reason[:MAX_REASON])]


def mark(contract: BillingContract, line: str, known: Transactions, id_: str, *, ready: bool) -> list[Fact]:
    """Ready to invoice, or not after all.

    Rejected `transaction-missing`, `transaction-cancelled`, `ready-already`, `not-ready`.
    """
    found = known.of(id_)
    if id_ in known.cancelled:
        raise Rejected("transaction-cancelled", f"Transaction {id_} is cancelled: record another one.")
    expect_other_readiness(f"Transaction {id_}", now=found.ready, wanted=ready)
    fact = e.MarkedReady if ready else e.UnmarkedReady
    return [fact(contract=contract.number, line=line, transaction=id_)]


def id_taken(id_: str) -> Rejected:
    """The line has another transaction of this id, of whatever year."""
    return Rejected("transaction-id-taken", f"The line has another transaction {id_}: choose another id.")


def _check(contract: BillingContract, code: str, wanted: Transaction) -> None:
    line = contract.line(code)
    terms = line.terms
    if not isinstance(terms, TimeAndMaterialTerms):
        raise Rejected(
            "line-of-other-kind", f"A transaction needs a line of kind time_and_material; {code} is {terms.kind}."
        )
    check_code(wanted.id)
    if wanted.kind not in terms.classes:
        raise Rejected(
            "class-not-taken",
            f"Line {code} takes {', '.join(terms.classes)}, not {wanted.kind}: record it on another line.",
            kind="invalid",
        )
    ends = contract.ends_of(line)
    if checked_day(wanted.day) < line.starts:
        raise Rejected(
            "transaction-before-start",
            f"{wanted.day} is before the line starts on {line.starts}: give a later day.",
            kind="invalid",
        )
    if ends is not None and wanted.day >= ends:
        raise Rejected("transaction-after-end", f"{wanted.day} is not billed: the line ends on {ends}.", kind="invalid")
    if wanted.customer is not None and wanted.customer not in {one.customer for one in contract.terms.customers}:
        raise Rejected(
            "customer-not-in-contract",
            f"{wanted.customer[:64]} is no customer of {contract.number}: name one of its customers, or none.",
            kind="invalid",
        )


def _transaction(fact: e.TransactionRecorded) -> Transaction:
    return Transaction(
        id=fact.transaction,
        day=fact.day,
        kind=fact.transaction_class,
        quantity=fact.quantity,
        price=fact.price,
        cost=fact.cost,
        customer=fact.customer,
        ready=fact.ready,
    )
