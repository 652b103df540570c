"""Reference data beside its streams: identifiers decided race-free, providers in force, present bodies for commands."""

from adapters.reference.present import StoredReference
from adapters.reference.retention import ApprovedInvoices
from adapters.reference.row_writers import write_identifiers, write_provider

__all__ = ["ApprovedInvoices", "StoredReference", "write_identifiers", "write_provider"]
