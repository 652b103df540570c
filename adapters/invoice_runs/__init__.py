"""Invoice runs as rows: what is due, how far zones are, kept reports."""

from adapters.invoice_runs.row_writers import MANY_ROWS_WRITERS, ROW_WRITERS
from adapters.invoice_runs.stored_runs import StoredInvoiceRuns

__all__ = ["MANY_ROWS_WRITERS", "ROW_WRITERS", "StoredInvoiceRuns"]
