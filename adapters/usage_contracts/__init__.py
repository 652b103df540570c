"""Contracts with usage lines, as rows."""

from adapters.usage_contracts.stored_usage_contracts import StoredUsageContracts

__all__ = ["StoredUsageContracts"]
