"""Contracts as billing sees them: when they are due, and their transactions, as rows."""

from adapters.contracts.stored_ledger import StoredLedger
from adapters.contracts.writers import ROW_WRITERS

__all__ = ["ROW_WRITERS", "StoredLedger"]
