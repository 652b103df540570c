"""API keys in PostgreSQL: written with their events, looked up by every request through a short-lived cache."""

from adapters.keys.row_writers import write_key_ended, write_key_made
from adapters.keys.stored_keys import StoredKeys

__all__ = ["StoredKeys", "write_key_ended", "write_key_made"]
