"""A customer invoice is deleted: a tombstone, and what it had taken is free again, in one transaction."""

from collections.abc import Sequence
from uuid import UUID

from commands.billing_contract.billing_desk import ContractBilling
from commands.billing_contract.give_back import given_back
from commands.customer_invoice.desk import Answering, InvoicingDesk, Outcome, load
from commands.customer_invoice.handing_back import handed_back
from commands.handling import Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.ports.event_store import Rows, Save, Write
from commands.ports.purchases import MoveAll, Place
from domain.customer_invoice import lifecycle
from domain.customer_invoice.state import CustomerInvoice
from domain.provider_invoice.lifecycle import expect_reason
from domain.purchases.placing import GIVEN_BACK, UNKNOWN_REFERENCE


async def delete(
    desk: InvoicingDesk,
    origin: Origin,
    invoice: UUID,
    reason: str,
    *,
    expected: int | None = None,
    answer: Answering = None,
    rows: Sequence[Rows] = (),
) -> Done[Outcome]:
    """Lines of provider invoices are offered again, posted ones wait for their reference; a contract's entries are
    active again. What it had taken over from older invoices goes back to them. Twice changes nothing.
    """
    why = expect_reason(reason)

    async def decide() -> Decided[Outcome]:
        loaded = await load(desk, origin, invoice)
        expect_version(loaded.history.version, expected)
        facts = tuple(lifecycle.delete(loaded.state, why))
        outcome = loaded.after(facts)
        if not facts:
            return Decided(None, outcome)
        handed = await handed_back(desk.store, desk.invoices, invoice, loaded.state, why)
        billing = ContractBilling(desk.calculation, desk.ledger)
        back = await given_back(billing, origin, invoice, loaded.state, why, handed.restored)
        moved: list[Rows] = [*rows, *back.rows, *handed.rows]
        if loaded.state.posted:
            moved.append(MoveAll(invoice, "invoiced", _back(loaded.state)))
        writes = (Write(loaded.history, facts), *handed.writes, *back.writes)
        return Decided(Save(origin, writes, rows=tuple(moved)), outcome)

    return await settle(desk.store, origin, decide, answer)


def _back(state: CustomerInvoice) -> Place:
    """Posted purchases wait for their reference, or for the contract's next cycle: which one is decided again."""
    if state.invoice_type == "contract":
        return Place("unrouted", None, GIVEN_BACK)
    return Place("held", None, UNKNOWN_REFERENCE)
