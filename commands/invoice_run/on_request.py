"""Named contracts, overdue entries included: each run date between two days as of its own date, the oldest first."""

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal
from uuid import UUID

from commands.billing_contract.billing_desk import Asked, Billed
from commands.billing_contract.plan import KIND
from commands.invoice_run.billing import Biller
from commands.operations.work import GiveBack
from commands.ports.event_store import History
from commands.ports.invoice_runs import DueContract
from domain.billing_contract.entry import fold_entry
from domain.billing_contract.known import Known
from domain.billing_contract.selection import run_dates
from domain.billing_contract.state import BillingContract, fold
from domain.identity import Stream
from domain.jobs.schedule import local_day

AT_ONCE: Final = 256


async def bill_on_request(biller: Biller) -> None:
    """Bill what has no result yet."""
    work, targets = biller.work, biller.desk.targets
    await work.operations.expect(work.hold, await targets.count(work.operation.id))
    while not work.signals.cancelled and (wanted := await targets.remaining(work.operation.id, AT_ONCE)):
        await _page(biller, wanted)
        if work.signals.draining:
            raise GiveBack("The worker stopped; another one goes on.")


async def _page(biller: Biller, wanted: Sequence[UUID]) -> None:
    """One page, date by date: contract by contract each date follows the one before."""
    work = biller.work
    found = await biller.desk.store.load_many([Stream("billing-contract", one) for one in wanted])
    states = {stream.id: fold(history.facts) for stream, history in found.items()}
    known = {one: state for one, state in states.items() if state is not None}
    entries = await biller.desk.store.load_by_keys(list(known), KIND)
    dates = {one: _dates(biller, one, state, entries.get(one, ())) for one, state in known.items()}
    first = date.fromisoformat(work.input["from"])
    about = {one: DueContract(one, state.number, state.terms.time_zone, first) for one, state in known.items()}
    nothing = [Billed(one, known[one].number, "nothing_to_bill") for one, days in dates.items() if not days]
    missing = [
        Billed(one, "", "failed", code="billing-contract-missing", reason=f"There is no billing contract {one}.")
        for one in wanted
        if one not in known
    ]
    await biller.tell([*nothing, *missing], dict.fromkeys(wanted, first), about, counted=False)
    arm_tasks: Literal["run"] | None = "run" if work.input["trigger_post_invoicing_tasks"] else None
    while turn := [
        Asked(one, days[0], overdue_from=days[0], arm_tasks=arm_tasks) for one, days in dates.items() if days
    ]:
        if work.signals.cancelled or work.signals.draining:
            return  # none of them is done
        billed = await biller.bill(turn, about, counted=False)
        failed = {one.contract for one in billed if one.outcome == "failed"}  # its later dates follow when it is mended
        dates = {one: [] if one in failed else days[1:] for one, days in dates.items()}
    await biller.count(wanted)


def _dates(biller: Biller, contract: UUID, state: BillingContract, entries: Sequence[History]) -> Sequence[date]:
    """Run dates of the contract in the range, up to its own today."""
    given = biller.work.input
    last = min(date.fromisoformat(given["to"]), local_day(biller.work.now(), state.terms.time_zone))
    states = {one.stream.id: known for one in entries if (known := fold_entry(one.facts)) is not None}
    return run_dates(Known(contract, state, states), date.fromisoformat(given["from"]), last)
