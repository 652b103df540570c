"""Activate a manual invoice: run both checks over its lines, and offer its usage when they pass."""

from uuid import UUID

from commands.handling import Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.provider_invoice.checks import conclude_attempt
from commands.provider_invoice.desk import Answering, InvoiceDesk, Outcome, load
from commands.provider_invoice.used import with_usage
from domain.provider_invoice import populate
from domain.provider_invoice.checksum import Override
from domain.provider_invoice.lifecycle import expect_activatable, expect_reason


async def activate(
    desk: InvoiceDesk,
    origin: Origin,
    invoice: UUID,
    *,
    override: Override | None = None,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """`active`, or `error` with all that fails: from `populating`, as another try from `error`, or as the next attempt
    from `deactivated`. Active already: nothing. Rejected for automatic invoices, deleted ones, another difference.

    An adjustment of an automatic provider's invoice that is in error is tried again by this too.
    """
    if override is not None:
        expect_reason(override.reason)

    async def decide() -> Decided[Outcome]:
        loaded = await load(desk, invoice)
        expect_version(loaded.history.version, expected)
        state = loaded.state
        expect_activatable(state)
        if state.status == "active":
            there = Outcome(loaded.id, loaded.history.version, state, changed=False)
            return Decided(None, await with_usage(desk, there))
        concluded = await conclude_attempt(
            desk,
            origin,
            loaded,
            begun=[populate.next_attempt(state)] if state.status == "deactivated" else (),
            override=override,
            retry=state.status == "error",
        )
        return Decided(concluded.save(origin), concluded.outcome)

    return await settle(desk.store, origin, decide, answer)
