"""Ask for the end of long work."""

from datetime import datetime
from uuid import UUID

from commands.ports.operations import Operation, Operations
from domain.rejected import Rejected


async def cancel_operation(operations: Operations, operation: UUID, now: datetime) -> Operation:
    """One that waits ends at once; one that runs stops before its next step, and what is done stays done.

    Repeating it does nothing. Rejected `operation-ended` for one that ended otherwise, `not-found` for none.
    """
    found = await operations.request_cancel(operation, now)
    if found is None:
        raise Rejected("not-found", f"There is no operation {operation}.", kind="missing")
    if not found.open and found.status != "cancelled":
        raise Rejected("operation-ended", f"The operation is {found.status}: there is nothing left to cancel.")
    return found
