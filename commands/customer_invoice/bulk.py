"""Many customer invoices at once: one operation, a result for each, whatever happens to the worker meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from commands.customer_invoice.approve_many import Approved, approve_many
from commands.customer_invoice.close import close
from commands.customer_invoice.delete import delete
from commands.customer_invoice.desk import InvoicingDesk, Outcome
from commands.customer_invoice.recalculate import recalculate
from commands.customer_invoice.reject import reject
from commands.customer_invoice.request_approval import request_approval
from commands.handling import Busy, Decided, Done, settle
from commands.operations.request import new_operation
from commands.operations.work import Ended, GiveBack, Work
from commands.origin import Origin
from commands.ports.bulk_targets import BulkTargets, PutTargets
from commands.ports.event_store import Answer, Rows, Save
from commands.ports.operations import Item, NewOperation, Operation, OperationLost, Operations
from domain.rejected import Rejected

INVOICE_BULK: Final = "customer-invoice-bulk"
"""A kind of operation. Input: action, reason?, comment?, include_empty?, of (how the targets were named)."""
BulkAction = Literal["approve", "reject", "close", "recalculate", "request_approval", "delete"]
NEEDS: Final[Mapping[BulkAction, Literal["reason", "comment"]]] = {
    "reject": "comment",
    "close": "reason",
    "delete": "reason",
}
"""What an action says of itself."""
AT_ONCE: Final = 4_096
_TOGETHER: Final = 8


async def request_bulk(
    desk: InvoicingDesk,
    operations: Operations,
    origin: Origin,
    asked: Mapping[str, Any],
    targets: Sequence[UUID],
    answer: Callable[[Operation], Answer | None] | None = None,
) -> Done[Operation]:
    """The operation, queued, with what it is about; the one that this very command made, at a repeat.

    They are worked off in the order of numbers: by period to, customer code, id; what is not there comes last.
    """
    known = await desk.numbers.in_order(targets)
    ordered = list(dict.fromkeys((*known, *targets)))
    new = new_operation(origin, kind=INVOICE_BULK, key=str(origin.command_id), input=asked)

    async def decide() -> Decided[Operation]:
        there = await operations.get(new.id)
        if there is not None:
            return Decided(None, there)
        return Decided(Save(origin, (), rows=(NewOperation(new), PutTargets(new.id, ordered))), new)

    return await settle(desk.store, origin, decide, answer)


@dataclass(frozen=True, slots=True)
class InvoiceBulkHandler:
    """The handler of operations of kind `customer-invoice-bulk`. `report` is told of errors that nobody foresaw.

    A result rides in the transaction of what was done to its invoice: who takes the operation up again does not do it
    twice.
    """

    desk: InvoicingDesk
    targets: BulkTargets
    report: Callable[[Exception], None]

    async def __call__(self, work: Work) -> Ended:
        """Do all that is not done yet."""
        total = await self.targets.count(work.operation.id)
        await work.operations.expect(work.hold, total)
        while targets := await self.targets.remaining(work.operation.id, AT_ONCE):
            if work.input["action"] == "approve":
                await self._approve(work, targets)
            else:
                await self._one_by_one(work, targets)
            if work.signals.cancelled:
                return Ended("cancelled", "It was cancelled; what was done stays done.")
            if work.signals.draining:
                raise GiveBack("The worker stopped; another one goes on.")
        outcomes = [item.outcome for item in (await work.finished()).values()]
        said = ", ".join(f"{outcomes.count(o):,} {o}" for o in ("done", "skipped", "failed"))
        return Ended("done", f"{said}, of {total:,}.")

    async def _approve(self, work: Work, targets: Sequence[UUID]) -> None:
        refused: list[Approved] = []

        def told(batch: Sequence[Approved]) -> bool:
            refused.extend(one for one in batch if not one.changed)
            return not (work.signals.cancelled or work.signals.draining)

        await approve_many(
            self.desk,
            work.origin("approve", str(targets[0])),
            targets,
            comment=work.input.get("comment"),
            include_empty=bool(work.input.get("include_empty")),
            rows_of=lambda one: (work.row(_item(one, "done")),),
            told=told,
        )
        for one in refused:
            if one.refused is None:
                await work.put(_item(one.invoice, "skipped", "it was done before"))
            else:
                await self._refused(work, one.invoice, one.refused)

    async def _one_by_one(self, work: Work, targets: Sequence[UUID]) -> None:
        turn = asyncio.Semaphore(_TOGETHER)

        async def one(target: UUID) -> None:
            async with turn:
                if not (work.signals.cancelled or work.signals.draining):
                    await self._one(work, target)

        async with asyncio.TaskGroup() as tasks:
            for target in targets:
                tasks.create_task(one(target))

    async def _one(self, work: Work, target: UUID) -> None:
        row: tuple[Rows, ...] = (work.row(_item(target, "done")),)
        try:
            done = await self._act(work, target, row)
        except (OperationLost, GiveBack):
            raise
        except Exception as error:  # noqa: BLE001 - it is this one's result
            await self._refused(work, target, error)
        else:
            if not done.outcome.changed:
                await work.put(_item(target, "skipped", "there was nothing to do"))

    def _act(self, work: Work, target: UUID, rows: Sequence[Rows]) -> Awaitable[Done[Outcome]]:
        origin = work.origin(work.input["action"], str(target))
        match work.input["action"]:
            case "reject":
                return reject(self.desk, origin, target, work.input["comment"], rows=rows)
            case "close":
                return close(self.desk, origin, target, work.input["reason"], rows=rows)
            case "delete":
                return delete(self.desk, origin, target, work.input["reason"], rows=rows)
            case "request_approval":
                return request_approval(self.desk, origin, target, rows=rows)
            case "recalculate":
                return recalculate(self.desk, origin, target, rows=rows)
            case other:
                raise ValueError(f"nobody knows the action {other!r}")

    async def _refused(self, work: Work, target: UUID, error: Exception) -> None:
        """A rule that says no skips the invoice; anything else is a failure, in words that a person can use."""
        if isinstance(error, OperationLost):
            raise error
        if isinstance(error, Rejected):
            await work.put(_item(target, "skipped", f"{error.code}: {error.detail}"))
        elif isinstance(error, Busy):
            await work.put(_item(target, "failed", "busy: others changed it all the time, ask again."))
        else:
            self.report(error)
            detail = f"An error that nobody foresaw ({type(error).__name__}); it is in the worker's log."
            await work.put(_item(target, "failed", detail))


def _item(target: UUID, outcome: str, detail: str | None = None) -> Item:
    return Item(str(target), outcome, detail, f"/v1/customer-invoices/{target}")
