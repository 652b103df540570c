"""Who writes the rows that ride in a save's transaction: one table for the event store and the writer of numbers."""

from types import MappingProxyType
from typing import Final

from adapters.bulk import ROW_WRITERS as BULK_WRITERS
from adapters.contracts import ROW_WRITERS as CONTRACT_WRITERS
from adapters.event_store import ManyRowsWriter, RowWriter
from adapters.imports import ROW_WRITERS as IMPORT_WRITERS
from adapters.invoice_runs import MANY_ROWS_WRITERS as MANY_RUN_WRITERS
from adapters.invoice_runs import ROW_WRITERS as RUN_WRITERS
from adapters.keys import write_key_ended, write_key_made
from adapters.line_store import ROW_WRITERS as LINE_WRITERS
from adapters.mail import write_outbox
from adapters.operations import MANY_ROWS_WRITERS as MANY_OPERATION_WRITERS
from adapters.operations import ROW_WRITERS as OPERATION_WRITERS
from adapters.periods import ROW_WRITERS as PERIOD_WRITERS
from adapters.purchases import ROW_WRITERS as PURCHASE_WRITERS
from adapters.reference import write_identifiers, write_provider
from commands.keys.rows import KeyEnded, KeyMade
from commands.ports.outbox import OutboxRow
from commands.reference.rows import IdentifierRows, ProviderRows

ROW_WRITERS: Final[MappingProxyType[type, RowWriter]] = MappingProxyType(
    {
        IdentifierRows: write_identifiers,
        ProviderRows: write_provider,
        KeyMade: write_key_made,
        KeyEnded: write_key_ended,
        OutboxRow: write_outbox,
        **LINE_WRITERS,
        **IMPORT_WRITERS,
        **OPERATION_WRITERS,
        **BULK_WRITERS,
        **RUN_WRITERS,
        **PERIOD_WRITERS,
        **PURCHASE_WRITERS,
        **CONTRACT_WRITERS,
    }
)
"""By the class of a value in `Save.rows`."""

MANY_ROWS_WRITERS: Final[MappingProxyType[type, ManyRowsWriter]] = MappingProxyType(
    {**MANY_OPERATION_WRITERS, **MANY_RUN_WRITERS}
)
"""The same for all rows of a class in a transaction at once; these win."""
