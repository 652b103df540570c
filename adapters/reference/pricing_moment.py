"""What prices are made of, parsed: a moment leads to the next one by what changed, so that little is parsed twice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from commands.ports.reference import Body, Clusters, Present, PresentCluster
from domain.pricing.rule import PricingRuleBody
from domain.reference.bodies import ExchangeRateBody, ProductBody

KINDS: Final = ("pricing-rule", "product", "exchange-rate", "cluster")
"""The kinds that a moment is made of."""

Row = tuple[str, str, int, bool, Mapping[str, Any]]
"""Kind, code, version, in force, body."""


@dataclass(frozen=True, slots=True)
class PricingMoment:
    """Rules, products, rates and clusters at a position; never changed, so whoever was given it keeps it."""

    position: int = 0
    rules: Mapping[str, Present[PricingRuleBody]] = field(default_factory=dict)
    products: Mapping[str, Present[ProductBody]] = field(default_factory=dict)
    rates: Mapping[str, Present[ExchangeRateBody]] = field(default_factory=dict)
    clusters: Clusters = field(default_factory=Clusters)

    def moved(self, position: int, changed: Sequence[Row]) -> "PricingMoment":
        """The moment at a later position; `changed` are all rows with a change since this one."""
        rows: dict[str, list[Row]] = {kind: [] for kind in KINDS}
        for row in changed:
            rows[row[0]].append(row)
        clusters = {
            code: PresentCluster(
                code, version, in_force, body["parent"], body.get("approval_process"), body.get("number_series")
            )
            for _, code, version, in_force, body in rows["cluster"]
        }
        return PricingMoment(
            position,
            _in_force({**self.rules, **_parsed(PricingRuleBody, rows["pricing-rule"])}),
            {**self.products, **_parsed(ProductBody, rows["product"])},
            _in_force({**self.rates, **_parsed(ExchangeRateBody, rows["exchange-rate"])}),
            Clusters({**self.clusters.by_code, **clusters}) if clusters else self.clusters,
        )


def _parsed(body: type[Body], rows: Iterable[Row]) -> dict[str, Present[Body]]:
    return {code: Present(version, in_force, body.model_validate(data)) for _, code, version, in_force, data in rows}


def _in_force(found: dict[str, Present[Body]]) -> dict[str, Present[Body]]:
    return {code: present for code, present in found.items() if present.in_force}
