"""Which pricing rules hide which, as reference data is now: told to whoever saves one, decides nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from commands.ports.reference import PresentReference
from domain.pricing.conflicts import Conflict, Surroundings, conflicts, hides
from domain.pricing.rule import PricingRuleBody


@dataclass(frozen=True, slots=True)
class RulesInForce:
    """All rules, and where customers, clusters and products belong."""

    rules: Sequence[PricingRuleBody]
    around: Surroundings
    codes: Mapping[str, PricingRuleBody]

    def beside(self, body: PricingRuleBody) -> tuple[tuple[Conflict, ...], tuple[Conflict, ...]]:
        """What this rule hides, and what hides it."""
        return hides(body, self.rules, self.around)


async def rules_in_force(reference: PresentReference, customers: Sequence[str] = ()) -> RulesInForce:
    """Load them; `customers` are those that rules to be saved name besides."""
    inputs = await reference.pricing_inputs()
    rules = [rule.body for rule in inputs.context.rules]
    named = {rule.customer for rule in rules if rule.customer is not None} | set(customers)
    known = await reference.customers(sorted(named)) if named else {}
    around = Surroundings(
        {code: cluster.parent for code, cluster in inputs.clusters.by_code.items()},
        {code: customer.cluster for code, customer in known.items()},
        {product.code: product.category for product in inputs.context.products},
    )
    return RulesInForce(rules, around, {rule.code: rule for rule in rules})


async def all_conflicts(reference: PresentReference) -> tuple[RulesInForce, Sequence[Conflict]]:
    """Every pair of rules of which one is taken where both apply, by code of the hidden one."""
    known = await rules_in_force(reference)

    def found() -> list[Conflict]:
        return sorted(conflicts(known.rules, known.around), key=lambda met: (met.loser, met.winner))

    return known, await asyncio.to_thread(found)  # ten thousand rules take a while
