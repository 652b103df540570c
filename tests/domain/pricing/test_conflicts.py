"""Which rules hide which: as the selection itself has it."""

import itertools
import random

import pytest

from domain.pricing.conflicts import Conflict, Surroundings, conflict, conflicts, hides
from tests.domain.pricing.setting import body, bought, context, day, priced, product, rule

AROUND = Surroundings(
    cluster_parents={"NEAR": "FAR", "FAR": None, "OTHER": None},
    customer_clusters={"K-1": "NEAR", "K-2": "OTHER"},
    product_categories={"VM": "compute", "DISK": "storage"},
)
FEE = {"family": "flat_fee", "amount": "5.00"}
MINIMUM = {"family": "minimum", "amount": "5.00"}


def met(one, other) -> tuple[str, str, bool] | None:
    result = conflict(one, other, AROUND)
    mirrored = conflict(other, one, AROUND)
    assert result == mirrored
    return None if result is None else (result.winner, result.loser, result.fully)


@pytest.mark.parametrize(
    "narrow",
    [{"customer": "K-1"}, {"cluster": "NEAR"}, {"cluster": "FAR"}, {"product": "VM"}, {"category": "compute"}],
)
def test_a_narrower_rule_hides_a_part_of_a_wider_one(narrow):
    assert met(body("A", **narrow), body("B")) == ("A", "B", False)


def test_who_comes_before_what():
    assert met(body("A", customer="K-1"), body("B", product="VM")) == ("A", "B", False)
    assert met(body("A", cluster="NEAR"), body("B", cluster="FAR", product="VM")) == ("A", "B", False)
    assert met(body("A", category="compute"), body("B", product="VM")) == ("B", "A", False)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"customer": "K-1"}, {"customer": "K-2"}),
        ({"customer": "K-1"}, {"cluster": "OTHER"}),
        ({"cluster": "NEAR"}, {"cluster": "OTHER"}),
        ({"product": "VM"}, {"product": "DISK"}),
        ({"product": "VM"}, {"category": "storage"}),
        ({"currency": "USD"}, {}),
        ({"valid_to": day(5)}, {"valid_from": day(5)}),
        ({"price": FEE}, {}),
        ({"price": FEE}, {"price": FEE}),
        ({"price": MINIMUM}, {}),
        ({"price": MINIMUM, "product": "VM"}, {"price": MINIMUM}),
    ],
)
def test_rules_that_never_meet_or_both_apply(one, other):
    assert met(body("A", **one), body("B", **other)) is None


def test_a_minimum_hides_one_for_the_same_target():
    assert met(body("A", MINIMUM, customer="K-1"), body("B", MINIMUM)) == ("A", "B", False)
    assert met(body("A", MINIMUM, product="VM"), body("B", MINIMUM, product="VM")) == ("A", "B", True)


def test_of_two_for_the_same_the_later_is_taken_and_says_from_when_to_when():
    old, new = body("A", valid_to=day(20)), body("B", valid_from=day(10), valid_to=day(30))
    assert conflict(old, new, AROUND) == Conflict("B", "A", day(10), day(20), fully=False)
    assert conflict(body("A"), body("B"), AROUND) == Conflict("A", "B", None, None, fully=True)


def test_a_rule_that_is_never_taken_is_hidden_fully():
    assert met(body("A"), body("B")) == ("A", "B", True)
    assert met(body("A"), body("B", priority=1)) == ("B", "A", True)
    assert met(body("A", valid_to=day(9)), body("B", valid_to=day(20))) == ("A", "B", False)
    assert met(body("A", valid_to=day(20)), body("B", valid_to=day(9))) == ("A", "B", True)


def test_saving_a_rule_answers_what_it_hides_and_what_hides_it():
    others = [body("ALL"), body("OWN", customer="K-1"), body("DISK", product="DISK", customer="K-2")]
    hidden, hidden_by = hides(body("NEW", cluster="NEAR"), [*others, body("NEW", cluster="FAR")], AROUND)
    assert [one.loser for one in hidden] == ["ALL"]
    assert [one.winner for one in hidden_by] == ["OWN"]


def test_a_loop_of_clusters_is_no_endless_search():
    around = Surroundings(cluster_parents={"A": "B", "B": "A"})
    assert conflict(body("R", cluster="A"), body("S"), around) is not None


def random_rules(chance: random.Random):
    whom = [{}, {"customer": "K-1"}, {"customer": "K-2"}, {"cluster": "NEAR"}, {"cluster": "FAR"}, {"cluster": "OTHER"}]
    what = [{}, {"product": "VM"}, {"product": "DISK"}, {"category": "compute"}, {"category": "storage"}]
    return [
        rule(
            f"R{number}",
            **chance.choice(whom),
            **chance.choice(what),
            valid_from=chance.choice([None, day(5)]),
            valid_to=chance.choice([None, day(12)]),
            priority=chance.choice([0, 1]),
        )
        for number in range(chance.randint(2, 14))
    ]


def test_all_conflicts_are_those_of_all_pairs():
    chance = random.Random(7)
    for _ in range(200):
        bodies = [one.body for one in random_rules(chance)]
        pairs = [conflict(one, other, AROUND) for one, other in itertools.combinations(bodies, 2)]
        found = list(conflicts(bodies, AROUND))
        assert len(found) == len(set(found))
        assert set(found) == {pair for pair in pairs if pair is not None}


def test_the_winner_is_the_one_that_prices():
    """Given two rules that meet, when what both cover is bought, then the winner prices it; a hidden one nothing."""
    chance = random.Random(8)
    products = [product("VM"), product("DISK", "storage")]
    clusters = {"K-1": ("NEAR", "FAR"), "K-2": ("OTHER",)}
    decided = 0
    for _ in range(150):
        one, other = random_rules(chance)[:2]
        ctx = context(one, other, rule("REST", valid_from=None, priority=-1), products=products)
        result = conflict(one.body, other.body, AROUND)
        for customer, code, on in itertools.product(clusters, ("VM", "DISK"), (day(1), day(5), day(20))):
            group = bought("1", on, product=code)
            alone = [
                priced(
                    [group],
                    context(each, rule("REST", priority=-1), products=products),
                    customer=customer,
                    clusters=clusters[customer],
                )
                .items[0]
                .rule
                == each.body.code
                for each in (one, other)
            ]
            taken = priced([group], ctx, customer=customer, clusters=clusters[customer]).items[0].rule
            if all(alone):
                assert result is not None
                assert taken == result.winner
                decided += 1
            if result is not None and result.fully:
                assert taken != result.loser
    assert decided > 50
