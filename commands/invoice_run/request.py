"""Ask for an invoice run: checked at once, done by a worker."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from commands.billing_contract.naming import contract_ids
from commands.handling import Decided, Done, settle
from commands.invoice_run.desk import INVOICE_RUN, RunDesk
from commands.operations.request import new_operation, request_operation
from commands.origin import Origin
from commands.ports.bulk_targets import PutTargets
from commands.ports.event_store import Answer, Save
from commands.ports.operations import NewOperation, Operation
from domain.jobs.schedule import local_day
from domain.jobs.zones import begun
from domain.rejected import Rejected

Answering = Callable[[Operation], Answer | None] | None


@dataclass(frozen=True, slots=True)
class OnRequest:
    """A run of named contracts (ids or numbers), overdue entries included, for the days between two, both included."""

    first: date
    last: date
    contracts: Sequence[str]
    arm_tasks: bool = False


async def request_day(
    desk: RunDesk, origin: Origin, day: date, *, by_hand: bool = True, answer: Answering = None
) -> Done[Operation]:
    """The run of a day, as the scheduler's; one that is under way is joined. Rejected `date-in-future`.

    By hand it takes the contracts in whose zone the day has begun; the scheduler waits for the job's time of day there.
    """
    await _expect_begun(desk, origin, day)
    return await request_operation(
        desk.store,
        desk.operations,
        origin,
        kind=INVOICE_RUN,
        key=day.isoformat(),
        input={"date": day.isoformat(), "by_hand": by_hand},
        answer=answer,
    )


async def request_contracts(
    desk: RunDesk, origin: Origin, wanted: OnRequest, *, answer: Answering = None
) -> Done[Operation]:
    """A run on request. Rejected `date-in-future`, `from-after-to`, `contract-twice`."""
    if wanted.first > wanted.last:
        raise Rejected(
            "from-after-to", f"from ({wanted.first}) lies after to ({wanted.last}): exchange them.", kind="invalid"
        )
    await _expect_begun(desk, origin, wanted.last)
    contracts = contract_ids(wanted.contracts)
    new = new_operation(
        origin,
        kind=INVOICE_RUN,
        key=str(origin.command_id),
        input={
            "from": wanted.first.isoformat(),
            "to": wanted.last.isoformat(),
            "contracts": len(contracts),
            "trigger_post_invoicing_tasks": wanted.arm_tasks,
        },
    )

    async def decide() -> Decided[Operation]:
        there = await desk.operations.get(new.id)
        if there is not None:
            return Decided(None, there)
        return Decided(Save(origin, (), rows=(NewOperation(new), PutTargets(new.id, contracts))), new)

    return await settle(desk.store, origin, decide, answer)


async def _expect_begun(desk: RunDesk, origin: Origin, day: date) -> None:
    if day <= local_day(origin.now, desk.zone) or begun(await desk.runs.zones(desk.zone), day, origin.now):
        return
    today = local_day(origin.now, desk.zone)
    raise Rejected(
        "date-in-future", f"{day} has not begun in any zone: it is {today}. Run a day that has come.", kind="invalid"
    )
