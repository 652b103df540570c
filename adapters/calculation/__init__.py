"""What customer invoices add up to, and which of them are to be calculated, on PostgreSQL."""

from adapters.calculation.due import StoredCalculationsDue
from adapters.calculation.outstanding import StoredOutstanding
from adapters.calculation.past_reference import StoredPastReference
from adapters.calculation.sums import StoredSums

__all__ = ["StoredCalculationsDue", "StoredOutstanding", "StoredPastReference", "StoredSums"]
