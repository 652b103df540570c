"""The port to work that may still change an invoice: to be told before somebody approves it."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID


class Outstanding(Protocol):
    """Invoices whose totals may not be the last word yet, although they are `open`."""

    async def among(self, invoices: Sequence[UUID]) -> Mapping[UUID, int]:
        """Those whose customer has usage that is on its way, or that a change of reference data may touch.

        With the position of the last such thing: a calculation whose `reference_position` is not below it has seen it.
        """
        ...
