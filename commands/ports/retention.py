"""The port to the law: what must be kept, and so can't be erased."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol


class Retention(Protocol):
    """Documents within their legal term (ten years by default, a setting)."""

    async def needed_for(self, customer: str, today: date) -> Sequence[str]:
        """Numbers of approved invoices of a customer (by code) whose term is not over today; a few of them do."""
        ...
