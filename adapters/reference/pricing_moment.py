"""What prices are made of, parsed: a moment leads to the next one by what changed, so that little is parsed twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from commands.ports.reference import Clusters, PresentCluster
from domain.pricing.context import PricedProduct, PricedRule, PricingContext, Rate
from domain.pricing.rule import PricingRuleBody
from domain.reference.bodies import ExchangeRateBody, ProductBody

KINDS: Final = ("pricing-rule", "product", "exchange-rate", "cluster")
"""The kinds that a moment is made of."""

Row = tuple[str, str, int, bool, Mapping[str, Any]]
"""Kind, code, version, in force, body."""


@dataclass(frozen=True, slots=True)
class PricingMoment:
    """Rules, products, rates and clusters at a position; never changed, so whoever was given it keeps it.

    Its context is one object for as long as nothing changed: what it finds out about itself is found out once.
    """

    context: PricingContext = field(default_factory=lambda: PricingContext(0, (), (), ()))
    clusters: Clusters = field(default_factory=Clusters)

    @property
    def position(self) -> int:
        """0: nothing is known yet."""
        return self.context.position

    def moved(self, position: int, changed: Sequence[Row]) -> "PricingMoment":
        """The moment at a later position; `changed` are all rows with a change since this one."""
        rules = {rule.body.code: rule for rule in self.context.rules}
        products = {product.code: product for product in self.context.products}
        rates = {rate.code: rate for rate in self.context.rates}
        clusters = dict(self.clusters.by_code)
        for kind, code, version, in_force, body in changed:
            if kind == "cluster":
                names = (body["parent"], body.get("approval_process"), body.get("number_series"))
                clusters[code] = PresentCluster(code, version, in_force, *names)
            elif kind == "product":  # a retired one keeps its meaning for what was bought
                products[code] = PricedProduct.of(version, ProductBody.model_validate(body))
            elif not in_force:
                (rules if kind == "pricing-rule" else rates).pop(code, None)
            elif kind == "pricing-rule":
                rules[code] = PricedRule(version, PricingRuleBody.model_validate(body))
            else:
                rates[code] = Rate.of(version, ExchangeRateBody.model_validate(body))
        context = PricingContext(position, *(_by_code(found) for found in (rules, products, rates)))
        return PricingMoment(context, Clusters(clusters))


def _by_code(found: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(found[code] for code in sorted(found))
