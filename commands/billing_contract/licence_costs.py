"""What subscription items cost us: the licences that they pass on. Source of the rules: the path of usage, 10."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from commands.customer_invoice.pricing import Attempt, CalculationDesk, dates_of
from commands.ports.licences import LicenceCost, Licences, LicencesOf
from domain.billing_contract.billing import Plan
from domain.billing_contract.line_items import LineItem
from domain.billing_contract.parts import SubscriptionTerms
from domain.billing_contract.selection import Known
from domain.money import add, times
from domain.pricing.context import MAX_RATE_AGE, PricingContext


async def with_licence_costs(
    desk: CalculationDesk, licences: Licences, plans: Mapping[UUID, tuple[Known, Plan]]
) -> Mapping[UUID, Plan]:
    """The plans, with the costs of the licences of each customer whose days begin in an item's cycle.

    Costs in another currency than the contract's are converted by the rate of the provider invoice's date; where there
    is none the item's cost is not known, and a warning of the plan names it. Corrections have none: the cycle's own
    item has it. Plans without a subscription that names a product or a provider's subscription cost nothing.
    """
    wanted = [one for known, plan in plans.values() for one in _wanted(known, plan)]
    if not wanted:
        return {id_: plan for id_, (_, plan) in plans.items()}
    costs = await licences.costs(wanted)
    own = {known.contract.terms.currency for known, _ in plans.values()}
    bought = [one for some in costs.values() for one in some]
    foreign = {(one.provider_invoice, one.attempt) for one in bought if {one.currency} != own}
    if not foreign:
        return {id_: _with(known, plan, costs, {}, None) for id_, (known, plan) in plans.items()}
    days = await dates_of(desk, foreign)
    context = (await desk.reference.pricing_inputs()).context
    return {id_: _with(known, plan, costs, days, context) for id_, (known, plan) in plans.items()}


def _wanted(known: Known, plan: Plan) -> Sequence[LicencesOf]:
    found = []
    for customer, items in plan.items.items():
        for item in items:
            terms = known.contract.lines[item.line].terms
            named = isinstance(terms, SubscriptionTerms) and (terms.product or terms.subscription)
            if (
                item.kind == "subscription"
                and item.cycle is not None
                and named
                and isinstance(terms, SubscriptionTerms)
            ):
                key, first = _key(known, customer, item), item.cycle
                found.append(LicencesOf(key, [customer], terms.product, terms.subscription, first, item.last))
    return found


def _with(
    known: Known,
    plan: Plan,
    costs: Mapping[str, Sequence[LicenceCost]],
    days: Mapping[Attempt, date],
    context: PricingContext | None,
) -> Plan:
    warnings: list[str] = []

    def cost_of(customer: str, item: LineItem) -> Decimal | None:
        bought = costs.get(_key(known, customer, item))
        if not bought:
            return item.cost
        converted = [_converted(one, known.contract.terms.currency, days, context) for one in bought]
        missing = dict.fromkeys(one for one in converted if isinstance(one, str))
        if missing:
            named = f"{known.contract.number}, line {item.line}, {customer}"
            warnings.append(f"{named}: the cost of its licences is not known. {' '.join(missing)}")
            return None
        return add(*(one for one in converted if isinstance(one, Decimal)))

    items = {
        customer: [replace(item, cost=cost_of(customer, item)) for item in some]
        for customer, some in plan.items.items()
    }
    return replace(plan, items=items, warnings=warnings)


def _converted(
    one: LicenceCost, currency: str, days: Mapping[Attempt, date], context: PricingContext | None
) -> Decimal | str:
    """In the contract's currency; else what is missing."""
    if one.currency == currency:
        return one.cost
    day = days.get((one.provider_invoice, one.attempt))
    rate = context.rate(one.currency, currency, day) if context is not None and day is not None else None
    if rate is not None:
        return times(one.cost, rate.rate)
    when = f" of {day - MAX_RATE_AGE} to {day}" if day is not None else ""
    return f"There is no exchange rate {one.currency} to {currency}{when}: save one, and recalculate the invoice."


def _key(known: Known, customer: str, item: LineItem) -> str:
    return f"{known.contract_id}:{customer}:{item.line}:{item.kind}:{item.cycle}"
