"""Deactivate or delete: the invoice and all offers of its attempt in one transaction, each at its expected version."""

from collections.abc import Callable, Sequence
from uuid import UUID

from commands.handling import Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.ports.event_store import Save, Write
from commands.provider_invoice.change import outcome_after
from commands.provider_invoice.desk import Answering, InvoiceDesk, Loaded, Outcome, load
from commands.provider_invoice.offers import billed_by, expect_no_adjustments, offers_of, withdrawals
from domain.fact import Fact
from domain.provider_invoice import lifecycle
from domain.provider_invoice.changes import adjustment_deleted
from domain.provider_invoice.lifecycle import Billed
from domain.provider_invoice.state import ProviderInvoice

_Verb = Callable[[ProviderInvoice, str, Sequence[Billed], int], list[Fact]]


async def deactivate(
    desk: InvoiceDesk,
    origin: Origin,
    invoice: UUID,
    *,
    reason: str,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """Taken out so that it can be synced again; what was offered or waiting is withdrawn. Twice changes nothing.

    Rejected `lines-invoiced`, naming the customer invoices and which of them can give lines back; `has-adjustments`.
    """
    return await _take_out(desk, origin, invoice, lifecycle.deactivate, reason, expected, answer)


async def delete(
    desk: InvoiceDesk,
    origin: Origin,
    invoice: UUID,
    *,
    reason: str,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """A tombstone; history stays readable. Twice changes nothing. Rejected as `deactivate` is, and `import-running`."""
    return await _take_out(desk, origin, invoice, lifecycle.delete, reason, expected, answer)


async def _take_out(
    desk: InvoiceDesk,
    origin: Origin,
    invoice: UUID,
    verb: _Verb,
    reason: str,
    expected: int | None,
    answer: Answering,
) -> Done[Outcome]:
    async def decide() -> Decided[Outcome]:
        loaded = await load(desk, invoice)
        expect_version(loaded.history.version, expected)
        active = loaded.state.status == "active"
        offers = await offers_of(desk, invoice, loaded.state.attempt) if active else []
        billed = await billed_by(desk, offers)
        writes, lines = withdrawals(offers, invoice) if not billed else ((), 0)
        facts = verb(loaded.state, reason, billed, lines)
        if not facts:
            return Decided(None, outcome_after(loaded, []))
        if active:
            await expect_no_adjustments(desk, loaded)
        reopened = await _reopened(desk, loaded) if verb is lifecycle.delete else ()
        save = Save(origin=origin, writes=(Write(loaded.history, tuple(facts)), *writes, *reopened))
        return Decided(save, outcome_after(loaded, facts))

    return await settle(desk.store, origin, decide, answer)


async def _reopened(desk: InvoiceDesk, deleted: Loaded) -> tuple[Write, ...]:
    """The change that a deleted adjustment had settled on its original is open again, in the same transaction."""
    if deleted.state.adjusts is None:
        return ()
    original = await load(desk, deleted.state.adjusts)
    facts = adjustment_deleted(original.state, deleted.id, deleted.state.number)
    return (Write(original.history, tuple(facts)),) if facts else ()
