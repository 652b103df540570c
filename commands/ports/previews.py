"""The port to what previews of contracts showed."""

from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

KEPT: Final = timedelta(days=1)
"""How long a preview is kept after it was shown."""


class Previews(Protocol):
    """A cache: what is missing from it costs nobody more than an explanation."""

    async def keep(self, contract: UUID, digest: str, document: str, at: datetime) -> None:
        """It was shown at this instant."""
        ...

    async def find(self, contract: UUID, digest: str) -> str | None:
        """What was shown of a contract under a digest; None: it was not, or long ago."""
        ...

    async def purge(self, before: datetime, *, limit: int = 1_000) -> int:
        """Forget those that were shown before this; how many."""
        ...
