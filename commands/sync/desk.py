"""What syncs and imports need."""

from dataclasses import dataclass

from commands.ports.imports import Connections, Imports
from commands.ports.operations import Operations
from commands.provider_invoice.desk import InvoiceDesk


@dataclass(frozen=True, slots=True)
class SyncDesk:
    """The ports. `lease_seconds`: a worker that was not heard of for so long is lost."""

    invoices: InvoiceDesk
    operations: Operations
    imports: Imports
    connections: Connections
    lease_seconds: float = 15.0
