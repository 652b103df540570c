"""What `ledgerline verify` asks of tables that are kept beside the record: set by set, never all in memory."""

from adapters.verifying.kept_tables import KeptTables, Unlike
from adapters.verifying.stored_contracts import StoredContracts
from adapters.verifying.stored_places import StoredPlaces

__all__ = ["KeptTables", "StoredContracts", "StoredPlaces", "Unlike"]
