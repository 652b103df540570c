"""What subscription items cost us: the licences that they pass on. Source of the rules: the path of usage, 10."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from commands.ports.licences import Licences, LicencesOf
from domain.billing_contract.billing import Plan
from domain.billing_contract.line_items import LineItem
from domain.billing_contract.parts import SubscriptionTerms
from domain.billing_contract.selection import Known


async def with_licence_costs(licences: Licences, plans: Mapping[UUID, tuple[Known, Plan]]) -> Mapping[UUID, Plan]:
    """The plans, with the costs of the licences of each customer whose days begin in an item's cycle.

    Only costs in the contract's currency: those in another one are not known here. Corrections have none: the cycle's
    own item has it. Plans without a subscription that names a product or a provider's subscription cost nothing.
    """
    wanted = [one for known, plan in plans.values() for one in _wanted(known, plan)]
    if not wanted:
        return {id_: plan for id_, (_, plan) in plans.items()}
    costs = await licences.costs(wanted)
    return {id_: _with(known, plan, costs) for id_, (known, plan) in plans.items()}


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


def _with(known: Known, plan: Plan, costs: Mapping[str, Mapping[str, Decimal]]) -> Plan:
    currency = known.contract.terms.currency
    items = {
        customer: [replace(i, cost=costs.get(_key(known, customer, i), {}).get(currency, i.cost)) for i in some]
        for customer, some in plan.items.items()
    }
    return replace(plan, items=items)


def _key(known: Known, customer: str, item: LineItem) -> str:
    return f"{known.contract_id}:{customer}:{item.line}:{item.kind}:{item.cycle}"
