"""Licence lines of active provider invoices, as rows."""

from adapters.licences.stored_licences import StoredLicences

__all__ = ["StoredLicences"]
