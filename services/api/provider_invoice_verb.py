"""The frame of all verbs on one provider invoice: run once under the caller's key and version, answered alike."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar
from uuid import UUID

from starlette.responses import Response

from commands.handling import Done
from commands.origin import Origin
from commands.ports.event_store import Answer
from commands.provider_invoice.desk import Outcome
from services.api.call import Call, Told, id_in_path
from services.api.provider_invoice_view import told

Desk_contra = TypeVar("Desk_contra", contravariant=True)
Desk = TypeVar("Desk")
T = TypeVar("T")


class Verb(Protocol[Desk_contra, T]):
    """A command on one invoice, with all that is its own filled in."""

    def __call__(
        self,
        desk: Desk_contra,
        origin: Origin,
        invoice: UUID,
        /,
        *,
        expected: int | None,
        answer: Callable[[T], Answer | None] | None,
    ) -> Awaitable[Done[T]]:
        """Load, decide, append; `expected` is the version of `If-Match`."""
        ...


async def run_verb(call: Call, desk: Desk, invoice: str, verb: Verb[Desk, Outcome]) -> Response:
    """Run a verb whose outcome is an invoice. `invoice` is the id as it stands in the path."""
    return await run_verb_telling(call, desk, invoice, verb, lambda outcome: told(outcome, call.caller))


async def run_verb_telling(
    call: Call, desk: Desk, invoice: str, verb: Verb[Desk, T], tell: Callable[[T], Told]
) -> Response:
    """Run a verb whose outcome is told otherwise."""
    wanted = id_in_path(invoice)
    return await call.command(
        lambda answer: verb(desk, call.origin(), wanted, expected=call.if_match, answer=answer), tell, forever=True
    )
