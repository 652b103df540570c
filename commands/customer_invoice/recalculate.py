"""A customer invoice is to be calculated again: `pending`, and a worker takes it up."""

from collections.abc import Sequence
from uuid import UUID

from commands.billing_contract.billing_desk import ContractBilling
from commands.billing_contract.rebill import Rebilled, items_anew
from commands.customer_invoice.desk import Answering, Deciding, InvoicingDesk, Outcome, load
from commands.handling import Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.ports.event_store import Rows, Save, Write
from domain.customer_invoice import lifecycle


async def recalculate(
    desk: InvoicingDesk,
    origin: Origin,
    invoice: UUID,
    *,
    expected: int | None = None,
    answer: Answering = None,
    rows: Sequence[Rows] = (),
) -> Done[Outcome]:
    """The items of a contract's invoice are computed anew. One that is `pending` already, and of no contract, changes
    nothing; Rejected `invoice-locked`, `invoice-final`, `superseded`.
    """
    return await change_and_recompute(
        desk,
        origin,
        invoice,
        lambda loaded: lifecycle.recalculate(loaded.state),
        expected=expected,
        answer=answer,
        rows=rows,
    )


async def change_and_recompute(
    desk: InvoicingDesk,
    origin: Origin,
    invoice: UUID,
    deciding: Deciding,
    *,
    expected: int | None = None,
    answer: Answering = None,
    rows: Sequence[Rows] = (),
) -> Done[Outcome]:
    """One verb on one invoice; where that makes it `pending`, and it is a contract's, its items are computed anew."""

    async def decide() -> Decided[Outcome]:
        loaded = await load(desk, origin, invoice)
        expect_version(loaded.history.version, expected)
        facts = tuple(deciding(loaded))
        anew = Rebilled()
        if loaded.after(facts).state.status == "pending":
            billing = ContractBilling(desk.calculation, desk.ledger)
            anew = await items_anew(billing, desk.licences, invoice, loaded.state)
        facts = (*facts, *anew.facts)
        save = Save(origin, (Write(loaded.history, facts), *anew.writes), rows=(*rows, *anew.rows)) if facts else None
        return Decided(save, loaded.after(facts))

    return await settle(desk.store, origin, decide, answer)
