"""The key vault: keys of data subjects, outside the event store.

`PostgresKeyVault.open(url, master_key_in(folder))`; the URL is the event store's (the keys are then in the schema
`vault`) or that of a database of its own.
"""

from adapters.key_vault.key_cache import CACHE_SECONDS
from adapters.key_vault.master_key import master_key_from_text, master_key_in
from adapters.key_vault.postgres_vault import PostgresKeyVault

__all__ = ["CACHE_SECONDS", "PostgresKeyVault", "master_key_from_text", "master_key_in"]
