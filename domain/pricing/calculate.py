"""An invoice's purchases and rules in, its items and totals out. Deterministic and exact."""

from collections.abc import Iterable

from domain.pricing.context import PricingContext
from domain.pricing.items import Calculation, Failure, InvoiceToPrice, Item, Used, canonical, digest
from domain.pricing.purchases import PurchaseGroup

__all__ = ["Calculation", "Failure", "InvoiceToPrice", "Item", "Used", "calculate", "canonical", "digest"]


def calculate(
    invoice: InvoiceToPrice, groups: Iterable[PurchaseGroup], context: PricingContext
) -> Calculation | Failure:
    """Price an invoice: the price of each purchase, then flat fees, then minimums."""
    raise NotImplementedError
