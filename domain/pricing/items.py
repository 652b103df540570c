"""What comes out of a calculation: items and totals, or the reason why there are none."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, NamedTuple
from uuid import UUID

from domain.money import fixed, plain
from domain.pricing.rule import Kind

InvoiceType = Literal["periodical", "ad_hoc", "contract"]
ContractItemKind = Literal["subscription", "fixed_price", "time_and_material", "correction", "usage", "negation"]
"""What a contract's lines come to without any pricing rule."""
ItemKind = Kind | ContractItemKind


@dataclass(frozen=True, slots=True)
class InvoiceToPrice:
    """The invoice that purchases are priced for; `clusters` are the customer's, nearest to farthest."""

    id: UUID
    type: InvoiceType
    customer: str
    clusters: tuple[str, ...]
    currency: str
    period_from: date
    period_to: date
    contract_items: "tuple[Item, ...]" = ()
    """What a contract's lines come to: fixed before, and not priced by any rule."""
    contract: "Used | None" = None


class Item(NamedTuple):
    """One rule's result, rounded once; sorted by kind, product, rule, subscription and lateness on the invoice.

    `quantity` is in `unit`, the product's (None: the product has none; a charge or adjustment has neither).
    `exact` is before and `amount` after rounding. `cost` is the exact sum of the costs that are known, in the invoice's
    currency; None: none is known. `lines_without_cost` of its `lines` have none.
    """

    id: str
    kind: ItemKind
    product: str | None
    subscription: str | None
    late_period: date | None
    rule: str
    rule_version: int
    currency: str
    quantity: Decimal | None
    unit: str | None
    exact: Decimal
    amount: Decimal
    cost: Decimal | None
    lines: int
    lines_without_cost: int
    contract_line: str | None = None
    """Of a contract's invoice: the line that it bills. `rule` is the contract's number then, or what priced it."""
    cycle: date | None = None
    """The first day of the contract's cycle that it is for."""


class Used(NamedTuple):
    """A piece of reference data that the result depends on."""

    kind: str
    code: str
    version: int


@dataclass(frozen=True, slots=True)
class Calculation:
    """An invoice's items. `revenue_total` sums the rounded ones; `cost_total` is rounded once from exact costs."""

    invoice: UUID
    currency: str
    items: tuple[Item, ...]
    revenue_total: Decimal
    cost_total: Decimal
    inputs: tuple[Used, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an invoice can't be calculated; `message` names the purchase, the product and the rule."""

    code: str
    message: str
    product: str | None = None
    rule: str | None = None


def canonical(calculation: Calculation) -> bytes:
    """The bytes of a calculation, as JSON: the same for the same purchases, however they were ordered and grouped."""
    return json.dumps(_document(calculation), separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()


def digest(calculation: Calculation) -> str:
    """SHA-256 over the canonical bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(calculation)).hexdigest()


def _document(calculation: Calculation) -> dict[str, Any]:
    return {
        "invoice": str(calculation.invoice),
        "currency": calculation.currency,
        "items": [_item(item) for item in calculation.items],
        "revenue_total": fixed(calculation.revenue_total, calculation.currency),
        "cost_total": fixed(calculation.cost_total, calculation.currency),
        "inputs": [[used.kind, used.code, used.version] for used in calculation.inputs],
        "position": calculation.position,
    }


def _item(item: Item) -> dict[str, Any]:
    of_contract = {}
    if item.contract_line is not None:
        of_contract = {"contract_line": item.contract_line, "cycle": item.cycle and item.cycle.isoformat()}
    return of_contract | {
        "id": item.id,
        "kind": item.kind,
        "product": item.product,
        "subscription": item.subscription,
        "late_period": item.late_period and item.late_period.isoformat(),
        "rule": item.rule,
        "rule_version": item.rule_version,
        "quantity": None if item.quantity is None else plain(item.quantity),
        "unit": item.unit,
        "exact": plain(item.exact),
        "amount": fixed(item.amount, item.currency),
        "cost": None if item.cost is None else plain(item.cost),
        "lines": item.lines,
        "lines_without_cost": item.lines_without_cost,
    }
