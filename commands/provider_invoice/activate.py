"""Activate a manual invoice: run both checks over its lines, and offer its usage when they pass."""

from uuid import UUID

from commands.handling import Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.provider_invoice.checks import conclude_attempt
from commands.provider_invoice.desk import Answering, InvoiceDesk, Outcome, load
from domain.provider_invoice import populate
from domain.provider_invoice.checksum import Override
from domain.provider_invoice.lifecycle import FOREIGN_CURRENCY, expect_reason
from domain.provider_invoice.state import ProviderInvoice
from domain.rejected import Rejected


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
            return Decided(None, Outcome(loaded.id, loaded.history.version, state, changed=False))
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


def expect_activatable(invoice: ProviderInvoice) -> None:
    """Automatic ones are synced instead, but for adjustments, which no provider lists."""
    if invoice.source == "automatic" and invoice.adjusts is None:
        raise Rejected(
            "provider-invoice-automatic",
            f"{invoice.number} comes from the provider's connection: sync it instead of activating it.",
        )
    if invoice.source == "automatic" and invoice.import_code not in {None, FOREIGN_CURRENCY}:
        raise Rejected(
            "provider-invoice-automatic", f"The files of {invoice.number} were not read to the end: sync it again."
        )
    if invoice.source == "automatic" and invoice.status == "populating":
        raise Rejected("import-running", f"{invoice.number} is being imported: it becomes active by itself.")
    if invoice.status == "deleted":
        raise Rejected("provider-invoice-deleted", f"{invoice.number} is deleted: create it again.")
