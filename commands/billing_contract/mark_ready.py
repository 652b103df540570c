"""A milestone or a transaction is ready to invoice, or not after all."""

from uuid import UUID

from commands.billing_contract.books import change_transaction
from commands.billing_contract.desk import Answering, ContractDesk, Outcome, change
from commands.handling import Done
from commands.origin import Origin
from domain.billing_contract.lines import mark_milestone
from domain.billing_contract.transactions import mark


async def mark_ready(
    desk: ContractDesk,
    origin: Origin,
    contract: UUID,
    line: str,
    *,
    ready: bool,
    milestone: str | None = None,
    transaction: str | None = None,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """One of the two; Rejected `ready-already`, `not-ready`, `milestone-missing`, `transaction-missing`."""
    if milestone is not None:
        name = milestone
        return await change(
            desk,
            origin,
            contract,
            lambda known: mark_milestone(known.contract, line, name, ready=ready),
            expected=expected,
            answer=answer,
        )
    id_ = transaction or ""
    return await change_transaction(
        desk,
        origin,
        contract,
        line,
        id_,
        lambda state, known: mark(state, line, known, id_, ready=ready),
        expected=expected,
        answer=answer,
    )
