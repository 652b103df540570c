"""Items of customer invoices and their explanations as answers show them."""

from typing import Any

from commands.customer_invoice.explaining import Explained, OfferedSource, PostedSources
from domain.customer_invoice.calculation_events import ItemValue
from domain.pricing.items import Item
from services.api.rendering import TAX, exact, money


def item_view(item: ItemValue | Item, currency: str) -> dict[str, Any]:
    """One item; `late_period` is the first day of the period that late purchases belong to."""
    return {
        "id": item.id,
        "kind": item.kind,
        "product": item.product,
        "subscription": item.subscription,
        "late_period": item.late_period,
        "rule": item.rule,
        "rule_version": item.rule_version,
        "quantity": None if item.quantity is None else exact(item.quantity),
        "unit": item.unit,
        "amount": money(item.amount, currency),
        "exact": exact(item.amount if item.exact is None else item.exact),
        "cost": None if item.cost is None else exact(item.cost),
        "lines": item.lines,
        "lines_without_cost": item.lines_without_cost,
    }


def explained_view(explained: Explained) -> dict[str, Any]:
    """The tree, whose purchases name the rows they are made of."""
    tree = explained.tree.model_dump(mode="json")
    for purchases in tree["purchases"]:
        names = purchases.pop("sources")
        purchases["sources"] = [_source(explained.sources[name]) for name in names if name in explained.sources]
    return {**tree, "amount": tree["rounding"]["amount"], "tax": TAX}


def _source(source: OfferedSource | PostedSources) -> dict[str, Any]:
    if isinstance(source, PostedSources):
        return {"source": "posted", "purchases": source.purchases}
    return {
        "source": "provider_invoice",
        "provider_invoice": source.provider_invoice,
        "provider": source.provider,
        "invoice_number": source.invoice_number,
        "attempt": source.attempt,
        "lines": [{"first": r.first, "last": r.last} for r in source.lines],
        "files": [{"part": part, "sha256": sha256} for part, sha256 in source.files],
    }
