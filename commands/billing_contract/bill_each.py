"""Many contracts looked at together for a long operation: one at fault, whatever the fault is, stops no other."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from commands.billing_contract.billing_desk import Asked, Billed
from commands.ports.operations import OperationLost
from domain.rejected import Rejected

T = TypeVar("T")
R = TypeVar("R")
UNFORESEEN: Final = "unforeseen"
Passes = Callable[[Exception], bool]
"""Knows errors that say nothing about a contract, such as a database that is away: the operation is given back."""
Report = Callable[[Exception], None]
"""Is told of errors that nobody foresaw."""


async def each(
    do: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
    items: Sequence[T],
    failed: Callable[[T, Rejected], R],
    passes: Passes,
    report: Report,
) -> Sequence[R]:
    """What is done with all of them. An error that nobody foresaw fails the one that raises it: halves are done by
    themselves until it is found.
    """
    try:
        return await do(items)
    except Exception as error:
        if isinstance(error, OperationLost) or passes(error):
            raise
        odd = error
    if len(items) > 1:
        half = len(items) // 2
        first = await each(do, items[:half], failed, passes, report)
        return [*first, *await each(do, items[half:], failed, passes, report)]
    report(odd)
    said = f"An error that nobody foresaw ({type(odd).__name__}); it is in the worker's log."
    return [failed(items[0], Rejected(UNFORESEEN, said))]


async def bill_each(
    bill: Callable[[Sequence[Asked]], Awaitable[Sequence[Billed]]],
    asked: Sequence[Asked],
    passes: Passes,
    report: Report,
) -> Sequence[Billed]:
    """Contracts billed so, each with an outcome."""

    def failed(one: Asked, no: Rejected) -> Billed:
        return Billed(one.contract, "", "failed", reason=no.detail, code=no.code)

    return await each(bill, asked, failed, passes, report)
