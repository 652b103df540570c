"""Ask for the generation of many contracts: what is asked is kept as it was when it was asked, and done by a worker."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from commands.billing_contract.billing_desk import BillMany, ContractBilling
from commands.billing_contract.naming import contract_ids
from commands.handling import Decided, Done, settle
from commands.operations.request import new_operation
from commands.origin import Origin
from commands.ports.bulk_targets import BulkTarget, BulkTargets, PutTargets
from commands.ports.event_store import Answer, Save
from commands.ports.operations import NewOperation, Operation, Operations

BULK_GENERATE: Final = "bulk-generate"
"""A kind of operation. Input: `of` (how many items, or the filter), position, dry_run, and what holds for all of them:
cycle, trigger_post_invoicing_tasks, replace_existing.
"""


@dataclass(frozen=True, slots=True)
class BulkDesk:
    """The ports."""

    billing: ContractBilling
    bill: BillMany
    operations: Operations
    targets: BulkTargets


@dataclass(frozen=True, slots=True)
class Options:
    """How a contract is billed: the entry of a day (None: the next one that is not billed), with its tasks armed, and
    in place of what bills it already.
    """

    cycle: date | None = None
    arm_tasks: bool = False
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """A contract by id or number; None: as it is asked of all of them."""

    contract: str
    cycle: date | None = None
    arm_tasks: bool | None = None
    replace: bool | None = None


@dataclass(frozen=True, slots=True)
class BulkWanted:
    """The contracts with what is asked of all of them; `of` is plain JSON that says how they were named."""

    items: Sequence[Named]
    options: Options
    of: int | Mapping[str, Any]
    dry_run: bool = False


async def request_bulk_generation(
    desk: BulkDesk, origin: Origin, wanted: BulkWanted, answer: Callable[[Operation], Answer | None] | None = None
) -> Done[Operation]:
    """The operation, queued; the one that this very command made, at a repeat. Rejected `contract-twice`.

    Next entries are those that are next now, whatever else bills the contracts until it is their turn.
    """
    store = desk.billing.store
    contracts, asked = await asyncio.to_thread(_targets, wanted.items)  # others are served meanwhile
    options = wanted.options
    given = {
        "of": wanted.of,
        "position": await store.head(),
        "dry_run": wanted.dry_run,
        "cycle": options.cycle and options.cycle.isoformat(),
        "trigger_post_invoicing_tasks": options.arm_tasks,
        "replace_existing": options.replace,
    }
    new = new_operation(origin, kind=BULK_GENERATE, key=str(origin.command_id), input=given)

    async def decide() -> Decided[Operation]:
        there = await desk.operations.get(new.id)
        if there is not None:
            return Decided(None, there)
        return Decided(Save(origin, (), rows=(NewOperation(new), PutTargets(new.id, contracts, asked))), new)

    return await settle(store, origin, decide, answer)


def _targets(items: Sequence[Named]) -> tuple[Sequence[UUID], Sequence[Mapping[str, Any] | None]]:
    contracts = contract_ids([one.contract for one in items])
    return contracts, [_asked(one, contract) for one, contract in zip(items, contracts, strict=True)]


def _asked(one: Named, contract: UUID) -> Mapping[str, Any] | None:
    """What differs from what is asked of all; also a number, which says more of a contract that is not there."""
    found: dict[str, Any] = {} if one.contract == str(contract) else {"contract": one.contract}
    if one.cycle is not None:
        found["cycle"] = one.cycle.isoformat()
    if one.arm_tasks is not None:
        found["tasks"] = one.arm_tasks
    if one.replace is not None:
        found["replace"] = one.replace
    return found or None


def asked_of(target: BulkTarget, given: Mapping[str, Any]) -> tuple[str, Options]:
    """How the contract was named, and what is asked of it; `given` is the operation's input."""
    own = target.asked or {}
    named = Named(own.get("contract", str(target.target)), _day(own.get("cycle")), own.get("tasks"), own.get("replace"))
    of_all = Options(_day(given["cycle"]), given["trigger_post_invoicing_tasks"], given["replace_existing"])
    return named.contract, options_of(named, of_all)


def options_of(one: Named, of_all: Options) -> Options:
    """What is asked of a contract."""
    return Options(
        one.cycle or of_all.cycle,
        of_all.arm_tasks if one.arm_tasks is None else one.arm_tasks,
        of_all.replace if one.replace is None else one.replace,
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
