"""Which rules apply to a customer's purchases: the most specific first.

Customer axis (customer, nearest cluster ... farthest, all), then product axis (product, category, all), then the later
`valid_from`, the higher priority, the code that sorts first.
"""

from collections.abc import Callable, Iterable
from datetime import date

from domain.pricing.known import PricedProduct, PricedRule
from domain.pricing.rule import Kind, PricingRuleBody

Axis = tuple[str, str]
"""What a rule is for on one axis: `("cluster", "EU")`, `("category", "compute")`; all is `("all", "")`."""
ALL: Axis = ("all", "")


def customer_axis(body: PricingRuleBody) -> Axis:
    """For whom a rule is."""
    if body.customer is not None:
        return ("customer", body.customer)
    return ALL if body.cluster is None else ("cluster", body.cluster)


def product_axis(body: PricingRuleBody) -> Axis:
    """For what a rule is."""
    if body.product is not None:
        return ("product", body.product)
    return ALL if body.category is None else ("category", body.category)


def places(customer: str, clusters: Iterable[str]) -> list[Axis]:
    """Where rules for a customer may be, the most specific first."""
    return [("customer", customer), *(("cluster", cluster) for cluster in clusters), ALL]


def targets(product: PricedProduct) -> list[Axis]:
    """What rules for a product may be for, the most specific first."""
    category = [] if product.category is None else [("category", product.category)]
    return [("product", product.code), *category, ALL]


def wins_by(body: PricingRuleBody) -> tuple[int, int, str]:
    """Sort key of rules for the same customers and products: the one that wins sorts first."""
    return (-body.first_day.toordinal(), -body.priority, body.code)


class Selection:
    """The rules of a context by whom and what they are for; remembers what it found for a cluster and product."""

    def __init__(self, rules: Iterable[PricedRule], segment: Callable[[date], int]) -> None:
        self._segment = segment
        self._found: dict[tuple[str, tuple[str, ...], str, int], PricedRule | None] = {}
        self._rules: dict[tuple[Kind, str, Axis], dict[Axis, list[PricedRule]]] = {}
        for rule in sorted(rules, key=lambda rule: wins_by(rule.body)):
            body = rule.body
            here = self._rules.setdefault((body.kind, body.currency, customer_axis(body)), {})
            here.setdefault(product_axis(body), []).append(rule)

    def price(
        self, currency: str, customer: str, clusters: tuple[str, ...], product: PricedProduct, day: date
    ) -> PricedRule | None:
        """The one rule that prices a product on a day; None: none covers it."""
        own = self._rules.get(("price", currency, ("customer", customer)))
        if own is not None and (rule := _first(own, targets(product), day)) is not None:
            return rule
        key = (currency, clusters, product.code, self._segment(day))
        try:
            return self._found[key]
        except KeyError:
            self._found[key] = found = self._of_clusters(currency, clusters, product, day)
            return found

    def flat_fees(self, currency: str, customer: str, clusters: tuple[str, ...], day: date) -> list[PricedRule]:
        """Every flat fee that applies on a day, by code."""
        found = [
            rule
            for place in places(customer, clusters)
            for rule in self._rules.get(("flat_fee", currency, place), {}).get(ALL, ())
            if rule.body.holds_on(day)
        ]
        return sorted(found, key=lambda rule: rule.body.code)

    def minimums(self, currency: str, customer: str, clusters: tuple[str, ...], day: date) -> list[PricedRule]:
        """The most specific minimum for each product, category and all that has one: products first, all last."""
        found: dict[Axis, PricedRule] = {}
        for place in places(customer, clusters):
            for target in self._rules.get(("minimum", currency, place), {}):
                rule = _first(self._rules["minimum", currency, place], [target], day)
                if rule is not None:
                    found.setdefault(target, rule)
        widths = {"product": 0, "category": 1, "all": 2}
        return [found[target] for target in sorted(found, key=lambda target: (widths[target[0]], target[1]))]

    def _of_clusters(
        self, currency: str, clusters: tuple[str, ...], product: PricedProduct, day: date
    ) -> PricedRule | None:
        sought = targets(product)
        for place in [*(("cluster", cluster) for cluster in clusters), ALL]:
            here = self._rules.get(("price", currency, place))
            if here is not None and (rule := _first(here, sought, day)) is not None:
                return rule
        return None


def _first(rules: dict[Axis, list[PricedRule]], sought: list[Axis], day: date) -> PricedRule | None:
    for target in sought:
        for rule in rules.get(target, ()):
            if rule.body.holds_on(day):
                return rule
    return None
