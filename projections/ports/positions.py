"""The port that tells how far read models are."""

from collections.abc import Sequence
from typing import Protocol


class Positions(Protocol):
    """A read model's position: everything up to it is in its rows. The smallest over all partitions of its topics."""

    async def position(self, read_models: Sequence[str]) -> int:
        """The position of several read models together; 0 while nothing was projected."""
        ...

    async def wait_until(self, read_models: Sequence[str], at_least: int, within: float) -> bool:
        """True once they have a position; False when they still have not after `within` seconds."""
        ...
