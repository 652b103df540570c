"""One item opened: its rule, how the amount comes about step by step, and the purchases it is made of."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import PlainSerializer

from domain.fact import Part
from domain.money import fixed, less, minor_units, plain
from domain.pricing.context import PricingContext
from domain.pricing.families import Step
from domain.pricing.items import Failure, InvoiceToPrice
from domain.pricing.lots import Taken, in_order, late_period
from domain.pricing.purchases import PurchaseGroup
from domain.pricing.rule import Kind, PricingRuleBody
from domain.pricing.work import Worked, work_out

Figure = Annotated[Decimal, PlainSerializer(plain, return_type=str)]
"""An exact figure: as many digits as it has, a plain string in JSON."""


class ExplainedStep(Part):
    """`amount` is `quantity` times `unit_price`; `tier` counts from 1, `up_to` is that of a tier that is not the last.

    `counts` says what the quantity is: `units` of the product, `packages` begun, money (a `cost`, whose unit price is
    the factor on it), or `periods` (a fee, once).
    """

    counts: Literal["units", "packages", "cost", "periods"]
    tier: int | None
    up_to: Figure | None
    quantity: Figure
    unit_price: Figure
    amount: Figure


class Conversion(Part):
    """The exchange rate a cost was converted by."""

    code: str
    version: int
    from_currency: str
    to_currency: str
    date: date
    rate: Figure


class ExplainedPurchases(Part):
    """Purchases of the item: as they came (`quantity` in `unit`, `cost` in `cost_currency`), and as they count."""

    subscription: str | None
    first_day: date
    last_day: date
    late_period: date | None
    lines: int
    quantity: Figure
    unit: str | None
    counted_quantity: Figure
    cost: Figure | None
    cost_currency: str | None
    conversion: Conversion | None
    counted_cost: Figure | None
    list_price: Figure | None
    sources: tuple[str, ...]


class SummedItem(Part):
    """An item that a minimum is compared with."""

    id: str
    kind: Kind
    product: str | None
    rule: str
    amount: str


class Rounding(Part):
    """The one rounding: half away from zero. `difference` is what it adds to the exact amount."""

    mode: Literal["half away from zero"] = "half away from zero"
    decimals: int
    exact: Figure
    amount: str
    difference: Figure


class Explanation(Part):
    """An item's tree. A price has `steps` and `purchases`, a flat fee its step, a minimum the items it sums."""

    item: str
    kind: Kind
    product: str | None
    subscription: str | None
    late_period: date | None
    rule: PricingRuleBody
    rule_version: int
    currency: str
    quantity: Figure | None
    unit: str | None
    cost: Figure | None
    lines: int
    lines_without_cost: int
    steps: tuple[ExplainedStep, ...]
    minimum: Figure | None = None
    summed: tuple[SummedItem, ...] = ()
    rounding: Rounding
    purchases: tuple[ExplainedPurchases, ...]


def explain(
    invoice: InvoiceToPrice, groups: Iterable[PurchaseGroup], context: PricingContext, item: str
) -> Explanation | Failure | None:
    """How the item of this id comes about; None: the invoice has none of this id.

    It is worked out again from the same purchases. They may be parted more finely than they were when they were priced,
    down to a group for each source row: the amounts are the same.
    """
    worked = work_out(invoice, groups, context)
    if isinstance(worked, Failure):
        return worked
    return next((_explained(invoice, one) for one in worked if one.item.id == item and one.counts), None)


def _explained(invoice: InvoiceToPrice, worked: Worked) -> Explanation:
    item, price = worked.item, worked.rule.body.price
    taken = sorted(worked.lot.taken, key=lambda one: in_order(one.group)) if worked.lot is not None else []
    return Explanation(
        item=item.id,
        kind=item.kind,
        product=item.product,
        subscription=item.subscription,
        late_period=item.late_period,
        rule=worked.rule.body,
        rule_version=item.rule_version,
        currency=item.currency,
        quantity=item.quantity,
        unit=item.unit,
        cost=item.cost,
        lines=item.lines,
        lines_without_cost=item.lines_without_cost,
        steps=tuple(_step(step) for step in worked.steps),
        minimum=price.amount if price.family == "minimum" else None,
        summed=tuple(
            SummedItem(
                id=other.id,
                kind=other.kind,
                product=other.product,
                rule=other.rule,
                amount=fixed(other.amount, other.currency),
            )
            for other in worked.summed
        ),
        rounding=Rounding(
            decimals=minor_units(item.currency),
            exact=item.exact,
            amount=fixed(item.amount, item.currency),
            difference=less(item.amount, item.exact),
        ),
        purchases=tuple(_purchases(invoice, one) for one in taken),
    )


def _step(step: Step) -> ExplainedStep:
    return ExplainedStep(
        counts=step.counts,
        tier=step.tier,
        up_to=step.up_to,
        quantity=step.quantity,
        unit_price=step.unit_price,
        amount=step.amount,
    )


def _purchases(invoice: InvoiceToPrice, taken: Taken) -> ExplainedPurchases:
    group, portion, rate = taken
    return ExplainedPurchases(
        subscription=group.subscription,
        first_day=group.first_day,
        last_day=group.last_day,
        late_period=late_period(invoice, group),
        lines=group.lines,
        quantity=group.quantity,
        unit=group.unit,
        counted_quantity=portion.quantity,
        cost=group.cost,
        cost_currency=None if group.cost is None else group.cost_currency or invoice.currency,
        conversion=rate
        and Conversion(
            code=rate.code,
            version=rate.version,
            from_currency=rate.from_currency,
            to_currency=rate.to_currency,
            date=rate.date,
            rate=rate.rate,
        ),
        counted_cost=portion.cost,
        list_price=portion.list_price,
        sources=group.sources,
    )
