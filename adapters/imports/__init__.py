"""Imports under way on PostgreSQL: `StoredImports(pool)` is the port, `ROW_WRITERS` go to the event store."""

from adapters.imports.connections import ManifestConnections
from adapters.imports.row_writers import ROW_WRITERS
from adapters.imports.stored_imports import StoredImports

__all__ = ["ROW_WRITERS", "ManifestConnections", "StoredImports"]
