"""Ask for long work: a row, answered at once; a double click makes one."""

from collections.abc import Callable, Mapping
from typing import Any

from commands.handling import Decided, Done, settle
from commands.origin import Origin
from commands.ports.event_store import Answer, EventStore, Save
from commands.ports.operations import NewOperation, Operation, Operations, Unit
from domain.identity import id_for


async def request_operation(
    store: EventStore,
    operations: Operations,
    origin: Origin,
    *,
    kind: str,
    key: str,
    input: Mapping[str, Any],  # noqa: A002 -- the name that the API has for it
    unit: Unit = "items",
    answer: Callable[[Operation], Answer | None] | None = None,
) -> Done[Operation]:
    """The operation, queued; or the open one with the same natural key, or the one that this very command made.

    `input` is plain JSON. The row and the caller's idempotency answer are stored in one transaction.
    """
    new = new_operation(origin, kind=kind, key=key, input=input, unit=unit)

    async def decide() -> Decided[Operation]:
        there = await operations.open_with(kind, key) or await operations.get(new.id)
        if there is not None:
            return Decided(None, there)
        return Decided(Save(origin, (), rows=(NewOperation(new),)), new)

    return await settle(store, origin, decide, answer)


def new_operation(
    origin: Origin,
    *,
    kind: str,
    key: str,
    input: Mapping[str, Any],  # noqa: A002 -- as above
    unit: Unit = "items",
) -> Operation:
    """An operation on behalf of whoever commands; its id is made of the command's, so a repeat makes no second one.

    For commands that begin long work together with events: put `NewOperation` of it into the save's rows.
    """
    return Operation(
        id=id_for("operation", kind, str(origin.command_id)),
        kind=kind,
        key=key,
        input=input,
        unit=unit,
        actor=origin.actor,
        agent=origin.agent,
        command_id=origin.command_id,
        correlation_id=origin.correlation_id,
        traceparent=origin.traceparent,
        created_at=origin.now,
    )
