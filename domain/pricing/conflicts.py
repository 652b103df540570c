"""Which pricing rules hide which: two for the same purchases, of which the more specific is taken.

Flat fees all apply, so they never hide each other; a minimum hides another for the same product, category or all.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from domain.pricing.rule import PricingRuleBody
from domain.pricing.selection import ALL, Axis, customer_axis, product_axis, wins_by


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where customers, clusters and products belong, by code; what is not in it belongs nowhere."""

    cluster_parents: Mapping[str, str | None] = field(default_factory=dict)
    customer_clusters: Mapping[str, str | None] = field(default_factory=dict)
    product_categories: Mapping[str, str | None] = field(default_factory=dict)

    def places(self, body: PricingRuleBody) -> tuple[Axis, ...]:
        """For whom the rule is and all that this lies in, nearest first, ending with all."""
        at = customer_axis(body)
        found = [at]
        cluster = self.customer_clusters.get(at[1]) if at[0] == "customer" else None
        if at[0] == "cluster":
            cluster = self.cluster_parents.get(at[1])
        while cluster is not None and ("cluster", cluster) not in found:
            found.append(("cluster", cluster))
            cluster = self.cluster_parents.get(cluster)
        return tuple(found) if at == ALL else (*found, ALL)

    def targets(self, body: PricingRuleBody) -> tuple[Axis, ...]:
        """For what the rule is and all that this lies in, ending with all."""
        at = product_axis(body)
        category = self.product_categories.get(at[1]) if at[0] == "product" else None
        wider = () if category is None else (("category", category),)
        return (ALL,) if at == ALL else (at, *wider, ALL)


@dataclass(frozen=True, slots=True)
class Conflict:
    """`winner` is taken where both rules apply: from `overlap_from` until the day before `overlap_to` (None: no end).

    `fully`: both are for the same and the loser holds at no other time, so it is never taken.
    """

    winner: str
    loser: str
    overlap_from: date | None
    overlap_to: date | None
    fully: bool


class _Placed(NamedTuple):
    body: PricingRuleBody
    places: tuple[Axis, ...]
    targets: tuple[Axis, ...]


def conflict(one: PricingRuleBody, other: PricingRuleBody, around: Surroundings) -> Conflict | None:
    """How two rules stand to each other; None: they never meet, or both apply."""
    return _meet(_placed(one, around), _placed(other, around))


def hides(
    rule: PricingRuleBody, others: Iterable[PricingRuleBody], around: Surroundings
) -> tuple[tuple[Conflict, ...], tuple[Conflict, ...]]:
    """What a rule hides and what hides it, by code: the answer to saving it."""
    found = [met for met in (conflict(rule, other, around) for other in others) if met is not None]
    hidden = sorted((met for met in found if met.winner == rule.code), key=lambda met: met.loser)
    hidden_by = sorted((met for met in found if met.loser == rule.code), key=lambda met: met.winner)
    return tuple(hidden), tuple(hidden_by)


def conflicts(rules: Iterable[PricingRuleBody], around: Surroundings) -> Iterator[Conflict]:
    """Every pair that meets, each once. A rule is compared only with those for what its customers lie in."""
    ordered = [_placed(rule, around) for rule in sorted(rules, key=lambda rule: rule.code)]
    at: dict[tuple[str, str, Axis], dict[Axis, list[_Placed]]] = {}
    for rule in ordered:
        here = at.setdefault((rule.body.kind, rule.body.currency, rule.places[0]), {})
        here.setdefault(rule.targets[0], []).append(rule)
    for rule in ordered:
        for place in rule.places:
            others = at.get((rule.body.kind, rule.body.currency, place), {})
            # a product lies in few targets; in a category or all there may lie any
            sought = rule.targets if rule.targets[0][0] == "product" else tuple(others)
            for other in (other for target in sought for other in others.get(target, ())):
                if _first_seen(rule, other, place) and (met := _meet(rule, other)) is not None:
                    yield met


def _first_seen(rule: _Placed, other: _Placed, place: Axis) -> bool:
    """Two rules for the same customers come up from both sides, unless the wider target does not look for products."""
    if place != rule.places[0]:
        return True
    if rule.targets[0][0] == "product" and other.targets[0][0] != "product":
        return True
    if rule.targets[0][0] != "product" and other.targets[0][0] == "product":
        return False
    return rule.body.code < other.body.code


def _placed(body: PricingRuleBody, around: Surroundings) -> _Placed:
    return _Placed(body, around.places(body), around.targets(body))


def _meet(one: _Placed, other: _Placed) -> Conflict | None:
    body, against = one.body, other.body
    if body.code == against.code or body.kind != against.kind or body.kind == "flat_fee":
        return None
    if body.currency != against.currency:
        return None
    first = max(body.first_day, against.first_day)
    last = min((each.valid_to for each in (body, against) if each.valid_to is not None), default=None)
    if last is not None and last <= first:
        return None
    whom = _nearer(one.places, other.places)
    what = _nearer(one.targets, other.targets)
    if whom is None or what is None or (body.kind == "minimum" and what != 0):
        return None
    nearer = whom or what or (-1 if wins_by(body) < wins_by(against) else 1)
    winner, loser = (body, against) if nearer < 0 else (against, body)
    fully = whom == what == 0 and winner.first_day <= loser.first_day and _ends_no_sooner(winner, loser)
    return Conflict(winner.code, loser.code, None if first == date.min else first, last, fully)


def _nearer(one: tuple[Axis, ...], other: tuple[Axis, ...]) -> int | None:
    """-1: the first lies in the second and is more specific; 1: the other way round; 0: the same; None: apart."""
    if one[0] == other[0]:
        return 0
    if other[0] in one:
        return -1
    return 1 if one[0] in other else None


def _ends_no_sooner(winner: PricingRuleBody, loser: PricingRuleBody) -> bool:
    return winner.valid_to is None or (loser.valid_to is not None and loser.valid_to <= winner.valid_to)
