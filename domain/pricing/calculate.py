"""An invoice's purchases and rules in, its items and totals out. Deterministic and exact."""

from collections.abc import Iterable
from decimal import Decimal

from domain.money import add, rounded
from domain.pricing.context import PricingContext
from domain.pricing.items import Calculation, Failure, InvoiceToPrice, Item, Used, canonical, digest
from domain.pricing.purchases import PurchaseGroup
from domain.pricing.work import Worked, work_out
from domain.wire import MAX_INTEGER_DIGITS

__all__ = ["Calculation", "Failure", "InvoiceToPrice", "Item", "Used", "calculate", "canonical", "digest"]


def calculate(
    invoice: InvoiceToPrice, groups: Iterable[PurchaseGroup], context: PricingContext
) -> Calculation | Failure:
    """Price an invoice: the price of each purchase, then flat fees, then minimums.

    ValueError when a boundary of prices lies inside a group: whoever summed it did so wrongly.
    """
    worked = work_out(invoice, groups, context)
    if isinstance(worked, Failure):
        return worked
    items = (*invoice.contract_items, *(one.item for one in worked if one.counts))
    costs = add(*(item.cost for item in items if item.cost is not None))
    calculation = Calculation(
        invoice=invoice.id,
        currency=invoice.currency,
        items=items,
        revenue_total=rounded(add(*(item.amount for item in items)), invoice.currency),
        cost_total=rounded(costs, invoice.currency),
        inputs=tuple(sorted(_used(worked) | ({invoice.contract} if invoice.contract else set()))),
        position=context.position,
    )
    return _too_large(calculation) or calculation


def _used(worked: Iterable[Worked]) -> set[Used]:
    """What the result depends on: minimums that are reached count too."""
    used = set()
    for item, rule, _steps, lot, _summed in worked:
        used.add(Used("pricing-rule", item.rule, rule.version))
        if lot is not None:
            used.add(Used("product", lot.product.code, lot.product.version))
            rates = {taken.rate.code: taken.rate.version for taken in lot.taken if taken.rate is not None}
            used.update(Used("exchange-rate", code, version) for code, version in rates.items())
    return used


def _too_large(calculation: Calculation) -> Failure | None:
    """A refusal where a figure has more digits than any record of it could keep."""
    for item in calculation.items:
        if _too_long(item.quantity) or _too_long(item.exact) or _too_long(item.cost):
            what = f"product {item.product}" if item.product is not None else "the invoice"
            return Failure(
                "too-large",
                f"The result of pricing rule {item.rule} for {what} has more than {MAX_INTEGER_DIGITS} digits before "
                "the point: cancel the purchases that are wrong or mend the rule.",
                item.product,
                item.rule,
            )
    if _too_long(calculation.revenue_total) or _too_long(calculation.cost_total):
        return Failure(
            "too-large",
            f"The invoice's totals have more than {MAX_INTEGER_DIGITS} digits before the point: cancel the purchases "
            "that are wrong.",
        )
    return None


def _too_long(figure: Decimal | None) -> bool:
    return figure is not None and figure.adjusted() >= MAX_INTEGER_DIGITS and bool(figure)
