"""A contract is signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from commands.billing_contract.desk import (
    Answering,
    ContractDesk,
    Outcome,
    customers_of,
    keeping,
    local_day,
    there,
    with_ids,
)
from commands.handling import Decided, Done, settle
from commands.origin import Origin
from commands.ports.event_store import Claim, Save, Write
from domain.billing_contract.agreement import sign as decide_signing
from domain.billing_contract.cycles import Frequency
from domain.billing_contract.parts import Approving, Task, Terms
from domain.billing_contract.selection import Known
from domain.billing_contract.shares import Share, checked_shares
from domain.billing_contract.state import fold
from domain.billing_contract.subscription import RefundPolicy
from domain.identity import billing_contract_stream, normal


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContract:
    """What a contract is signed with; `time_zone` None: its first customer's."""

    number: str
    name: str
    customers: Sequence[Share]
    currency: str
    starts: date
    ends: date | None
    frequency: Frequency
    offset: int
    refund_policy: RefundPolicy
    tasks: Sequence[Task]
    approval: Approving
    time_zone: str | None


async def sign(desk: ContractDesk, origin: Origin, wanted: NewContract, *, answer: Answering = None) -> Done[Outcome]:
    """The same one again changes nothing; Rejected `contract-number-taken`, `unknown-customer`, and what no contract
    may say.
    """
    number = normal(wanted.number)
    stream = billing_contract_stream(number)

    async def decide() -> Decided[Outcome]:
        history = await desk.store.load(stream)
        state = fold(history.facts)
        zone = wanted.time_zone
        if state is not None:
            zone = zone or state.signed.time_zone
        else:
            customers = await customers_of(desk, checked_shares(wanted.customers))
            zone = zone or customers[0].time_zone
        facts = decide_signing(state, number, _terms(wanted, zone), local_day(origin, zone))
        save = None
        if facts:
            claim = Claim("billing-contract-number", number, stream.id)
            known = Known(stream.id, there(stream.id, fold(facts)), {})
            save = Save(
                origin=origin, writes=(Write(history, tuple(facts)),), claims=(claim,), rows=(keeping(known, None),)
            )
        after = there(stream.id, fold([*history.facts, *facts]))
        return Decided(save, Outcome(stream.id, history.version + len(facts), after, bool(facts)))

    return await settle(desk.store, origin, decide, answer)


def _terms(wanted: NewContract, zone: str) -> Terms:
    return Terms(
        name=wanted.name,
        customers=with_ids(wanted.customers),
        currency=wanted.currency,
        starts=wanted.starts,
        ends=wanted.ends,
        frequency=wanted.frequency,
        offset=wanted.offset,
        refund_policy=wanted.refund_policy,
        tasks=tuple(wanted.tasks),
        approval=wanted.approval,
        time_zone=zone,
    )
