"""How each item of an invoice comes about: prices, then flat fees, then minimums."""

from collections.abc import Collection, Iterable
from decimal import Decimal
from hashlib import sha1
from typing import NamedTuple

from domain.identity import NAMESPACE
from domain.money import less, rounded, total
from domain.pricing.context import PricingContext
from domain.pricing.families import Step, steps
from domain.pricing.items import Failure, InvoiceToPrice, Item
from domain.pricing.known import PricedRule
from domain.pricing.lots import NOT_LATE, Lot, LotKey, Unpriceable, in_order, lots
from domain.pricing.purchases import PurchaseGroup
from domain.pricing.rule import Minimum
from domain.pricing.selection import product_axis


class Worked(NamedTuple):
    """An item and how it came about: the purchases of a price, the items that a minimum sums."""

    item: Item
    rule: PricedRule
    steps: list[Step]
    lot: Lot | None = None
    summed: tuple[Item, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether the invoice has this item: a minimum that is reached is none."""
        return self.item.kind != "minimum" or self.item.exact > 0


def work_out(
    invoice: InvoiceToPrice, groups: Iterable[PurchaseGroup], context: PricingContext
) -> list[Worked] | Failure:
    """Every item in its order with how it came about, minimums that are reached too."""
    groups = tuple(groups)
    try:
        found = lots(invoice, groups, context)
    except Unpriceable:
        return _first_failure(invoice, groups, context)
    worked = [_priced(invoice, key, found[key]) for key in sorted(found)]
    if invoice.type == "periodical":
        who = (invoice.currency, invoice.customer, invoice.clusters, invoice.period_to)
        worked += [_fee(invoice, rule) for rule in context.selection.flat_fees(*who)]
        for rule in context.selection.minimums(*who):
            worked.append(_lacking(invoice, rule, worked, context))  # each sums those before it
    return worked


def _first_failure(invoice: InvoiceToPrice, groups: Collection[PurchaseGroup], context: PricingContext) -> Failure:
    """Of several the first in a fixed order, so that the same set of purchases always names the same one."""
    try:
        lots(invoice, sorted(groups, key=in_order), context)
    except Unpriceable as unpriceable:
        return unpriceable.failure
    raise AssertionError("purchases failed in one order and not in another")


def _priced(invoice: InvoiceToPrice, key: LotKey, lot: Lot) -> Worked:
    portions = []
    known = []
    lines = without_cost = 0
    for group, portion, _rate in lot.taken:
        portions.append(portion)
        lines += group.lines
        if portion.cost is None:
            without_cost += group.lines
        else:
            known.append(portion.cost)
    made = steps(lot.rule.body.price, portions)
    exact = total([step.amount for step in made])
    item = Item(
        id=_item_id(invoice, key),
        kind="price",
        product=key.product,
        subscription=key.subscription or None,
        late_period=None if key.late_period == NOT_LATE else key.late_period,
        rule=key.rule,
        rule_version=lot.rule.version,
        currency=invoice.currency,
        quantity=total([portion.quantity for portion in portions]),
        unit=lot.product.unit,
        exact=exact,
        amount=rounded(exact, invoice.currency),
        cost=total(known) if known else None,
        lines=lines,
        lines_without_cost=without_cost,
    )
    return Worked(item, lot.rule, made, lot)


def _fee(invoice: InvoiceToPrice, rule: PricedRule) -> Worked:
    made = steps(rule.body.price, [])
    return Worked(_without_purchases(invoice, rule, made[0].amount), rule, made)


def _lacking(invoice: InvoiceToPrice, rule: PricedRule, worked: list[Worked], context: PricingContext) -> Worked:
    """The minimum less the rounded items in its scope: flat fees too, and narrower minimums that came to something."""
    price = rule.body.price
    if not isinstance(price, Minimum):
        raise TypeError(f"pricing rule {rule.body.code} is no minimum")
    summed = tuple(one.item for one in worked if one.counts and _in_scope(rule, one.item, context))
    lacks = less(price.amount, *(item.amount for item in summed))
    return Worked(_without_purchases(invoice, rule, lacks), rule, [], summed=summed)


def _in_scope(rule: PricedRule, item: Item, context: PricingContext) -> bool:
    what, code = product_axis(rule.body)
    if what == "all":
        return True
    if what == "product":
        return item.product == code
    product = context.product(item.product) if item.product is not None else None
    return product is not None and product.category == code


def _without_purchases(invoice: InvoiceToPrice, rule: PricedRule, exact: Decimal) -> Item:
    return Item(
        id=_item_id(invoice, LotKey(rule.body.product or "", rule.body.code, "", NOT_LATE)),
        kind=rule.body.kind,
        product=rule.body.product,
        subscription=None,
        late_period=None,
        rule=rule.body.code,
        rule_version=rule.version,
        currency=invoice.currency,
        quantity=None,
        unit=None,
        exact=exact,
        amount=rounded(exact, invoice.currency),
        cost=None,
        lines=0,
        lines_without_cost=0,
    )


def _item_id(invoice: InvoiceToPrice, key: LotKey) -> str:
    """UUIDv5 of `customer-invoice-item:INVOICE-ID:RULE:PRODUCT:SUBSCRIPTION:LATE-PERIOD`, empty where there is none.

    As `identity.id_for` has it, at a third of its time: a code holds nothing to escape, and no UUID is made to be text.
    """
    subscription = key.subscription.replace("%", "%25").replace(":", "%3A") if key.subscription else ""
    late_period = "" if key.late_period == NOT_LATE else key.late_period.isoformat()
    name = f"customer-invoice-item:{invoice.id}:{key.rule}:{key.product}:{subscription}:{late_period}"
    hashed = sha1(NAMESPACE.bytes + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(hashed[16], 16) & 3]
    return f"{hashed[:8]}-{hashed[8:12]}-5{hashed[13:16]}-{variant}{hashed[17:20]}-{hashed[20:32]}"
