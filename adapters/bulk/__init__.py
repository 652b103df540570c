"""What bulk operations are about, as rows."""

from adapters.bulk.stored_targets import ROW_WRITERS, StoredTargets

__all__ = ["ROW_WRITERS", "StoredTargets"]
