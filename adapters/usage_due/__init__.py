"""Usage that needs a destination, as rows."""

from adapters.usage_due.stored_usage_due import StoredUsageDue

__all__ = ["StoredUsageDue"]
