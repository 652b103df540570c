"""A line changes from a day on, gets a milestone, or ends."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from commands.billing_contract.desk import Answering, ContractDesk, Deciding, Outcome, change
from commands.handling import Done
from commands.origin import Origin
from domain.billing_contract import lines
from domain.billing_contract.parts import MilestoneTerms


def quantity(line: str, day: date, value: Decimal) -> Deciding:
    """Another quantity from a day on."""
    return lambda known: lines.change_quantity(known.contract, line, day, value)


def price(line: str, day: date, value: Decimal) -> Deciding:
    """Another price from a day on."""
    return lambda known: lines.change_price(known.contract, line, day, value)


def end(line: str, ends: date) -> Deciding:
    """Not billed from `ends` on."""
    return lambda known: lines.end_line(known.contract, line, ends)


def milestone(line: str, wanted: MilestoneTerms) -> Deciding:
    """One more milestone."""
    return lambda known: lines.add_milestone(known.contract, line, wanted)


async def change_line(
    desk: ContractDesk,
    origin: Origin,
    contract: UUID,
    deciding: Deciding,
    *,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """One of the changes above."""
    return await change(desk, origin, contract, deciding, expected=expected, answer=answer)
