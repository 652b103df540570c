"""Which periodical invoices there are, as rows."""

from adapters.periods.stored_periods import ROW_WRITERS, StoredPeriods

__all__ = ["ROW_WRITERS", "StoredPeriods"]
