"""What is billed is decided for many contracts at once: everything loaded together, then each planned by itself."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from commands.billing_contract.billing_desk import Asked, ContractBilling
from commands.billing_contract.desk import local_day
from commands.billing_contract.handing_over import held_usage, merged
from commands.billing_contract.licence_costs import with_licence_costs
from commands.billing_contract.plan import KIND
from commands.billing_contract.providers import Held, held_entries
from commands.billing_contract.replacing import Replaced, replaced, with_held
from commands.billing_contract.taking_usage import Usage, usage_of
from commands.origin import Origin
from commands.ports.contract_ledger import ContractDue, WantedSum
from commands.ports.event_store import History
from domain.billing_contract.billed_already import expect_active, invoiced_by
from domain.billing_contract.billing import Plan, bill, wanted_transactions
from domain.billing_contract.entry import entry_stream, fold_entry
from domain.billing_contract.line_items import TransactionSum
from domain.billing_contract.parts import TimeAndMaterialTerms
from domain.billing_contract.schedule import Entry
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
    held: Sequence[Held] = ()
    """Entries that are due and wait for providers; `plan` is without them, unless it is billed by hand."""
    replaced: Replaced | None = None
    """Invoices that new ones replace; `known` is then the contract as if they were not."""
    entry: Entry | None = None
    """The one that is billed by hand."""

    @property
    def customers(self) -> Sequence[str]:
        """Those who get an invoice, in order."""
        corrected = self.replaced.usage if self.replaced is not None else {}
        return list(dict.fromkeys([*self.plan.items, *self.usage, *corrected]))


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
    there = [one for one in asked if one.contract in loaded]
    replacing = await replaced(desk, {id_: one.known for id_, one in loaded.items()}, there)
    known: dict[UUID, Known] = {}
    due: dict[UUID, tuple[Asked, Sequence[Due]]] = {}
    named: dict[UUID, Entry] = {}
    found: dict[UUID, Prepared | Rejected] = {}
    for one in asked:
        try:
            own, how = _there(loaded, one.contract), _how(replacing, one.contract)
            known[one.contract] = own.known if how is None else how.how.as_if
            if one.by_hand:
                named[one.contract] = (
                    how.how.named
                    if how is not None
                    else one.settled or named_entry(own.known, one.cycle, anew=one.replace, line=one.line)
                )
                today = local_day(origin, own.known.contract.terms.time_zone)
                due[one.contract] = _by_hand(known[one.contract], one, named[one.contract], today, how)
            else:
                due[one.contract] = one, _due(known[one.contract], one, own.seen)
        except Rejected as no:
            found[one.contract] = no
    held = await _hold(desk, loaded, due)
    sums = await desk.ledger.sums([sum_ for id_, (_, some) in due.items() for sum_ in _wanted(known[id_], some)])
    cycles = [(loaded[id_].known, some) for id_, (_, some) in due.items()]
    usage = await _usage(desk, origin, cycles, replacing)
    planned = {}
    for contract, (one, some) in due.items():
        how, own_sums = _how(replacing, contract), _of(contract, known[contract], sums)
        if how is not None:
            own_sums = with_held(own_sums, how.held)
        negations = list(how.how.negations()) if how is not None else []
        planned[contract] = known[contract], bill(known[contract], one.day, some, own_sums, negations)
    plans = {contract: plan for contract, (_, plan) in planned.items()}
    if desk.licences is not None:
        plans = dict(await with_licence_costs(desk.calculation, desk.licences, planned))
    for contract, (one, _) in due.items():
        at, how = loaded[contract], _how(replacing, contract)
        prepared = Prepared(
            one,
            at.history,
            known[contract],
            at.seen,
            at.entries,
            plans[contract],
            usage.get(contract, {}),
            held.get(contract, ()),
            how,
            named.get(contract),
        )
        refusal = None if how is None or not one.replace else how.refusal(prepared.customers)
        found[contract] = refusal or prepared
    return found


async def _usage(
    desk: ContractBilling,
    origin: Origin,
    cycles: Sequence[tuple[Known, Sequence[Due]]],
    replacing: Mapping[UUID, Replaced | Rejected],
) -> Mapping[UUID, Usage]:
    """What waits for the cycles, and what invoices hold whose place new ones take."""
    if desk.router is None:
        return {}
    found = dict(await usage_of(desk.router, origin, cycles))
    for known, _ in cycles:
        how = _how(replacing, known.contract_id)
        if how is not None:
            taken_over = {id_: state for id_, (_, state) in how.of("take_over").items()}
            held = await held_usage(desk.router, how.how.known, taken_over)
            found[known.contract_id] = merged(found.get(known.contract_id, {}), held)
    return found


def _there(loaded: Mapping[UUID, Loaded], contract: UUID) -> Loaded:
    there = loaded.get(contract)
    if there is None:
        raise Rejected("billing-contract-missing", f"There is no billing contract {contract}.", kind="missing")
    return there


def _how(replacing: Mapping[UUID, Replaced | Rejected], contract: UUID) -> Replaced | None:
    how = replacing.get(contract)
    if isinstance(how, Rejected):
        raise how
    return how


async def _hold(
    desk: ContractBilling, loaded: Mapping[UUID, Loaded], due: dict[UUID, tuple[Asked, Sequence[Due]]]
) -> Mapping[UUID, Sequence[Held]]:
    """Takes out of `due` what waits for providers; what is generated by hand is told of it, and does not wait."""
    found: dict[UUID, Sequence[Held]] = {}
    if desk.router is None:
        return found
    by_day: dict[date, list[UUID]] = defaultdict(list)
    for contract, (one, _) in due.items():
        by_day[one.day].append(contract)
    for day, contracts in by_day.items():
        cycles = [(loaded[id_].known, due[id_][1]) for id_ in contracts]
        held = {one.entry: one for one in await held_entries(desk.router.billing.contracts, cycles, day)}
        for id_ in contracts if held else ():
            one, some = due[id_]
            number = loaded[id_].known.contract.number
            by_id = [(entry_stream(number, of.entry).id, of) for of in some]
            found[id_] = [held[entry] for entry, _ in by_id if entry in held]
            if not one.by_hand:
                due[id_] = one, [of for entry, of in by_id if entry not in held]
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


def _by_hand(known: Known, one: Asked, entry: Entry, today: date, how: Replaced | None) -> tuple[Asked, Sequence[Due]]:
    """What is asked, with the day that it comes to. Runs still to come are left alone by who bills ahead by hand."""
    if how is None and invoiced_by(known, entry):
        expect_active(known, entry)
    forced = frozenset[UUID]() if how is None else how.how.forced
    day = max([entry.run_date, *(known.entries[id_].ref.run_date for id_ in forced)])
    some = due_entries(known, Ask("generate", day, named=entry.named_by, line=one.line, forced=forced))
    named = (entry.run_date, entry.line, entry.kind)
    kept = [
        of
        for of in some
        if of.entry.kind != "run"
        or of.entry.run_date <= today
        or (of.entry.run_date, of.entry.line, of.entry.kind) == named
        or (of.state is not None and of.state.ref.entry in forced)
    ]
    return replace(one, day=day, cycle=entry.named_by), kept


def _due(known: Known, one: Asked, seen: ContractDue | None) -> Sequence[Due]:
    if one.overdue_from is not None:
        return due_entries(known, Ask("request", one.day, overdue_from=one.overdue_from))
    if seen is None or seen.next_run is None or seen.next_run > one.day:
        return ()
    return due_entries(known, Ask("run", one.day, since=seen.next_run, held_until=one.held_until))


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
