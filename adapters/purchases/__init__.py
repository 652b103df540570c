"""The purchase store on PostgreSQL."""

from adapters.purchases.row_writers import ROW_WRITERS
from adapters.purchases.store import StoredPurchases

__all__ = ["ROW_WRITERS", "StoredPurchases"]
