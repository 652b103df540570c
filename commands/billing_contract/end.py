"""A contract ends."""

from datetime import date
from uuid import UUID

from commands.billing_contract.desk import Answering, ContractDesk, Outcome, change
from commands.handling import Done
from commands.origin import Origin
from domain.billing_contract import agreement


async def end(
    desk: ContractDesk,
    origin: Origin,
    contract: UUID,
    ends: date,
    *,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """Not billed from `ends` on."""
    return await change(
        desk,
        origin,
        contract,
        lambda known: agreement.end(known.contract, ends, invoiced=known.invoiced),
        expected=expected,
        answer=answer,
    )
