"""Somebody approves a customer invoice; the last word gives it its number, in the same transaction."""

from dataclasses import replace
from uuid import UUID

from commands.customer_invoice.approving import decide_approval, names_for
from commands.customer_invoice.desk import Answering, InvoicingDesk, Outcome, load
from commands.customer_invoice.settling import settled_one
from commands.handling import MAX_TRIES, Busy, Done, expect_version
from commands.origin import Origin
from commands.ports.event_store import Conflict, Save


async def approve(
    desk: InvoicingDesk,
    origin: Origin,
    invoice: UUID,
    *,
    comment: str | None = None,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """By a member of the step's group. From `open` where the process has one step, one approver and no four eyes.

    Raises AlreadyAnswered, Busy, and Rejected with the code of the rule.
    """
    for _ in range(MAX_TRIES):
        loaded = await load(desk, origin, invoice)
        expect_version(loaded.history.version, expected)
        loaded = await settled_one(desk, origin, loaded)
        names = await names_for(desk, [loaded])
        ready = decide_approval(loaded, origin, names.get(loaded.state.customer), comment=comment, answer=answer)
        try:
            if ready.numbered is not None:
                done = await desk.numbers.append(ready.numbered)
                return Done(ready.outcome_with(done.number), done.position)
            told = answer(ready.outcome) if answer else None
            if ready.save is None and told is None:
                return Done(ready.outcome, 0)
            save = replace(ready.save, answer=told) if ready.save else Save(origin, (), answer=told)
            appended = await desk.store.append(save)
        except Conflict:
            continue
        return Done(ready.outcome, appended.position)
    raise Busy("The aggregate is being changed by many commands at once.")
