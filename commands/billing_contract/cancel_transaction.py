"""A transaction will not be billed."""

from uuid import UUID

from commands.billing_contract.books import change_transaction
from commands.billing_contract.desk import Answering, ContractDesk, Outcome
from commands.handling import Done
from commands.origin import Origin
from domain.billing_contract.transactions import cancel


async def cancel_transaction(
    desk: ContractDesk,
    origin: Origin,
    contract: UUID,
    line: str,
    id_: str,
    reason: str,
    *,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """One that is cancelled changes nothing; Rejected `transaction-missing`."""
    return await change_transaction(
        desk,
        origin,
        contract,
        line,
        id_,
        lambda state, known: cancel(state, line, known, id_, reason),
        expected=expected,
        answer=answer,
    )
