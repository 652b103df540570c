"""What the law says must be kept."""

from collections.abc import Sequence
from datetime import date


class NoApprovedInvoices:
    """`commands.ports.retention.Retention` while no customer invoice can be approved: nothing has to be kept."""

    async def needed_for(self, customer: str, today: date) -> Sequence[str]:  # noqa: ARG002 - the port's names
        """No number: there is no approved invoice."""
        return ()
