"""Items of customer invoices and their explanations as answers show them."""

from typing import Any

from commands.billing_contract.explaining import ContractExplained
from commands.customer_invoice.explaining import Explained, OfferedSource, PostedSources
from commands.ports.contract_ledger import TakenTransaction
from domain.billing_contract.fixed_price import Milestone
from domain.billing_contract.subscription import Segment
from domain.customer_invoice.calculation_events import ItemValue
from domain.pricing.items import Item
from services.api.rendering import TAX, exact, money


def item_view(item: ItemValue | Item, currency: str) -> dict[str, Any]:
    """One item; `late_period` is the first day of the period that late purchases belong to, `cycle` that of a
    contract's cycle. Of a contract's line `rule` is the contract's number, or of its usage what priced it.
    """
    return {
        "id": item.id,
        "kind": item.kind,
        "product": item.product,
        "subscription": item.subscription,
        "late_period": item.late_period,
        "contract_line": item.contract_line,
        "cycle": item.cycle,
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


def contract_explained_view(explained: ContractExplained) -> dict[str, Any]:
    """What a contract's line came to, from its quantities by day, milestones or transactions to the amount."""
    currency, line = explained.currency, explained.line
    amounts = {"whole": explained.whole, "part": explained.part, "billed": explained.billed}
    return {
        **item_view(explained.item, currency),
        "item": explained.item.id,
        "currency": currency,
        "contract": {"number": explained.source.contract, "id": explained.source.contract_id},
        "line": {"code": line.code, "name": line.name, "kind": line.terms.kind},
        "share": None if explained.share is None else exact(explained.share),
        **{name: None if value is None else money(value, currency) for name, value in amounts.items()},
        "count": explained.count,
        "segments": [segment_view(one) for one in explained.segments],
        "milestones": [milestone_view(one) for one in explained.milestones],
        "transactions": [work_view(one) for one in explained.transactions],
        "tax": TAX,
    }


def segment_view(one: Segment) -> dict[str, Any]:
    """Days of a cycle with one quantity and price."""
    return {
        "first": one.first,
        "last": one.last,
        "quantity": exact(one.quantity),
        "price": exact(one.price),
        "days": one.days,
        "of_days": one.cycle_days,
    }


def milestone_view(one: Milestone) -> dict[str, Any]:
    """An amount agreed."""
    return {"name": one.name, "date": one.day, "amount": exact(one.amount)}


def work_view(one: TakenTransaction) -> dict[str, Any]:
    """A transaction that is billed."""
    return {
        "id": one.id,
        "date": one.day,
        "class": one.kind,
        "quantity": exact(one.quantity),
        "price": exact(one.price),
        "cost": None if one.cost is None else exact(one.cost),
        "customer": one.customer,
    }


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
