"""What the verbs of a billing contract are given, and the frame of all of them: load, fold, decide, append."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from commands.billing_contract.plan import entry_states
from commands.handling import Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.ports.contract_ledger import ContractDue, ContractLedger, KeepDue
from commands.ports.event_store import Answer, EventStore, History, Save, Write
from commands.ports.reference import PresentCustomer, PresentReference
from domain.billing_contract.cycles import LATEST
from domain.billing_contract.events import PriceChanged, QuantityChanged
from domain.billing_contract.parts import CustomerShare
from domain.billing_contract.selection import Known, next_run
from domain.billing_contract.shares import Share
from domain.billing_contract.state import BillingContract, evolve, fold
from domain.fact import Fact
from domain.identity import Stream, reference_stream
from domain.rejected import Rejected


@dataclass(frozen=True, slots=True)
class ContractDesk:
    """The record, and the customers that contracts name."""

    store: EventStore
    reference: PresentReference
    ledger: ContractLedger


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a contract; `version` is its stream's."""

    id: UUID
    version: int
    state: BillingContract
    changed: bool = True


Answering: TypeAlias = "Callable[[Outcome], Answer | None] | None"
"""How the edge renders the outcome for its idempotency key; None when there is no key."""
Deciding: TypeAlias = "Callable[[Known], Sequence[Fact]]"


async def load(store: EventStore, contract: UUID) -> tuple[History, BillingContract]:
    """Rejected `billing-contract-missing`."""
    history = await store.load(Stream("billing-contract", contract))
    return history, there(contract, fold(history.facts))


def there(contract: UUID, state: BillingContract | None) -> BillingContract:
    """Rejected `billing-contract-missing`."""
    if state is None:
        raise Rejected("billing-contract-missing", f"There is no billing contract {contract}.", kind="missing")
    return state


def outcome(history: History, state: BillingContract, facts: Sequence[Fact]) -> Outcome:
    """What the contract is once these facts of its own are stored."""
    after: BillingContract | None = state
    for fact in facts:
        after = evolve(after, fact)
    return Outcome(history.stream.id, history.version + len(facts), after or state, bool(facts))


async def change(
    desk: ContractDesk,
    origin: Origin,
    contract: UUID,
    deciding: Deciding,
    *,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """One verb on one contract; `expected` is the caller's version. When it is due next is kept in the same save."""

    async def decide() -> Decided[Outcome]:
        due = await desk.ledger.due([contract])
        history, state = await load(desk.store, contract)
        expect_version(history.version, expected)
        known = Known(contract, state, await entry_states(desk.store, contract), history.version)
        facts = tuple(deciding(known))
        after = outcome(history, state, facts)
        save = None
        if facts:
            same = all(isinstance(fact, QuantityChanged | PriceChanged) for fact in facts)
            rows = (keeping(replace(known, contract=after.state), due.get(contract), same_entries=same),)
            save = Save(origin=origin, writes=(Write(history, facts),), rows=rows)
        return Decided(save, after)

    return await settle(desk.store, origin, decide, answer)


def keeping(known: Known, due: ContractDue | None, *, same_entries: bool = False) -> KeepDue:
    """The row that says when a contract is due, as it is now; `due`: as it was seen before. `same_entries`: it has the
    same ones as before, so that all up to the day that it was due then are billed and not looked at.
    """
    terms = known.contract.terms
    since = known.contract.recorded_on
    if same_entries and due is not None:
        since = due.next_run or LATEST
    then = next_run(known, since)
    version = 0 if due is None else due.version
    return KeepDue((ContractDue(known.contract_id, known.contract.number, terms.time_zone, then, version),))


async def customers_of(desk: ContractDesk, shares: Sequence[Share]) -> Sequence[PresentCustomer]:
    """Those named, in order; Rejected `unknown-customer`."""
    found = await desk.reference.customers([share.customer for share in shares])
    for share in shares:
        if share.customer not in found or not found[share.customer].in_force:
            raise Rejected(
                "unknown-customer", f"There is no customer {share.customer[:64]}: create it first.", kind="invalid"
            )
    return [found[share.customer] for share in shares]


def with_ids(shares: Sequence[Share]) -> tuple[CustomerShare, ...]:
    """Shares as facts name them."""
    return tuple(
        CustomerShare(
            customer=one.customer, customer_id=reference_stream("customer", one.customer).id, percent=one.percent
        )
        for one in shares
    )


def local_day(origin: Origin, zone: str) -> date:
    """The day of a command in a contract's zone."""
    return origin.now.astimezone(ZoneInfo(zone)).date()
