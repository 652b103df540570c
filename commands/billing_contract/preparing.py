"""What is billed is decided for many contracts at once: everything loaded together, then each planned by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from commands.billing_contract.billing_desk import Asked, ContractBilling
from commands.billing_contract.licence_costs import with_licence_costs
from commands.billing_contract.plan import KIND
from commands.billing_contract.taking_usage import Usage, usage_of
from commands.origin import Origin
from commands.ports.contract_ledger import ContractDue, WantedSum
from commands.ports.event_store import History
from domain.billing_contract.billing import Plan, bill, wanted_transactions
from domain.billing_contract.entry import fold_entry
from domain.billing_contract.line_items import TransactionSum
from domain.billing_contract.parts import TimeAndMaterialTerms
from domain.billing_contract.selection import Ask, Due, Known, due_entries, named_entry
from domain.billing_contract.state import fold
from domain.identity import Stream
from domain.rejected import Rejected


@dataclass(frozen=True, slots=True)
class Prepared:
    """A contract with what it comes to. `entries`: the streams of those that something happened to, by id."""

    asked: Asked
    history: History
    known: Known
    seen: ContractDue | None
    entries: Mapping[UUID, History]
    plan: Plan
    usage: Usage = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A contract as it is, before anything is decided."""

    history: History
    known: Known
    seen: ContractDue | None
    entries: Mapping[UUID, History]


async def prepare(
    desk: ContractBilling, origin: Origin, asked: Sequence[Asked]
) -> Mapping[UUID, "Prepared | Rejected"]:
    """The plan of each; Rejected `billing-contract-missing`, or what its rules say."""
    loaded = await load_contracts(desk, [one.contract for one in asked])
    due: dict[UUID, tuple[Asked, Sequence[Due]]] = {}
    found: dict[UUID, Prepared | Rejected] = {}
    wanted: list[WantedSum] = []
    for one in asked:
        there = loaded.get(one.contract)
        if there is None:
            missing = f"There is no billing contract {one.contract}."
            found[one.contract] = Rejected("billing-contract-missing", missing, kind="missing")
            continue
        try:
            known = there.known.without(one.freed)
            day, some = _due(known, one, there.seen)
            due[one.contract] = (day, some)
            wanted += _wanted(known, some)
        except Rejected as no:
            found[one.contract] = no
    sums = await desk.ledger.sums(wanted)
    cycles = [(loaded[id_].known, some) for id_, (_, some) in due.items()]
    usage = await usage_of(desk.router, origin, cycles) if desk.router is not None else {}
    planned = {}
    for contract, (one, some) in due.items():
        known = loaded[contract].known.without(one.freed)
        planned[contract] = known, bill(known, one.day, some, _of(contract, known, sums))
    plans = {contract: plan for contract, (_, plan) in planned.items()}
    if desk.licences is not None:
        plans = dict(await with_licence_costs(desk.licences, planned))
    for contract, (one, _) in due.items():
        there, (known, _) = loaded[contract], planned[contract]
        own = usage.get(contract, {})
        found[contract] = Prepared(one, there.history, known, there.seen, there.entries, plans[contract], own)
    return found


async def load_contracts(desk: ContractBilling, contracts: Sequence[UUID]) -> Mapping[UUID, Loaded]:
    """Those that are there, with all of their entries that something happened to."""
    seen = await desk.ledger.due(contracts)
    histories = await desk.store.load_many([Stream("billing-contract", contract) for contract in contracts])
    entries = await desk.store.load_by_keys(contracts, KIND)
    found = {}
    for stream, history in histories.items():
        contract = fold(history.facts)
        if contract is not None:
            own = {one.stream.id: one for one in entries.get(stream.id, ())}
            states = {id_: state for id_, one in own.items() if (state := fold_entry(one.facts)) is not None}
            known = Known(stream.id, contract, states, history.version)
            found[stream.id] = Loaded(history, known, seen.get(stream.id), own)
    return found


def _due(known: Known, one: Asked, seen: ContractDue | None) -> tuple[Asked, Sequence[Due]]:
    """What is asked, with the day that it comes to."""
    if one.by_hand:
        entry = named_entry(known, one.cycle)
        ask = Ask("generate", entry.run_date, named=entry.named_by, freed=one.freed)
        at = Asked(one.contract, entry.run_date, None, True, entry.named_by, one.arm_tasks, one.freed)
        return at, due_entries(known, ask)
    if one.overdue_from is not None:
        return one, due_entries(known, Ask("request", one.day, overdue_from=one.overdue_from))
    if seen is None or seen.next_run is None or seen.next_run > one.day:
        return one, ()
    return one, due_entries(known, Ask("run", one.day, since=seen.next_run))


def _wanted(known: Known, due: Sequence[Due]) -> Sequence[WantedSum]:
    found = []
    for line, upto in wanted_transactions(known, due).items():
        terms = known.contract.lines[line].terms
        if isinstance(terms, TimeAndMaterialTerms):
            found.append(WantedSum(known.contract_id, line, terms.classes, upto))
    return found


def _of(
    contract: UUID, known: Known, sums: Mapping[tuple[UUID, str], Sequence[TransactionSum]]
) -> Mapping[str, Sequence[TransactionSum]]:
    return {line: found for line in known.contract.lines if (found := sums.get((contract, line))) is not None}
