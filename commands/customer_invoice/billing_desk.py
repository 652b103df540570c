"""What the commands of customer invoices are given."""

from dataclasses import dataclass

from commands.ports.event_store import EventStore
from commands.ports.outstanding import Outstanding
from commands.ports.periods import Periods
from commands.ports.purchases import Purchases
from commands.ports.reference import Reference
from commands.ports.usage_contracts import UsageContracts


@dataclass(frozen=True, slots=True)
class BillingDesk:
    """The record, the purchase store, the periods there are, reference data as it is now, what is on its way, and the
    contracts that take usage.
    """

    store: EventStore
    purchases: Purchases
    periods: Periods
    reference: Reference
    outstanding: Outstanding
    contracts: UsageContracts
