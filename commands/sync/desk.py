"""What syncs and imports need."""

from collections.abc import Callable
from dataclasses import dataclass

from commands.handling import Busy
from commands.operations.work import GiveBack
from commands.ports.event_store import Conflict, StoreUnavailable
from commands.ports.imports import Connections, Imports
from commands.ports.operations import OperationLost, Operations
from commands.provider_invoice.desk import InvoiceDesk


def passing(error: Exception) -> bool:
    """Whether an error says nothing about what was to be done: this worker stops, another one goes on."""
    return isinstance(error, Conflict | GiveBack | OperationLost | StoreUnavailable | Busy)


@dataclass(frozen=True, slots=True)
class SyncDesk:
    """The ports. `lease_seconds`: a worker that was not heard of for so long is lost.

    `passes` knows an adapter's errors of the same sort as `passing` does: a database that is away.
    """

    invoices: InvoiceDesk
    operations: Operations
    imports: Imports
    connections: Connections
    lease_seconds: float = 15.0
    passes: Callable[[Exception], bool] = passing
