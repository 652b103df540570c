"""Which rule prices a purchase: each level of specificity beats all those after it."""

import itertools
import random

import pytest

from tests.domain.pricing.setting import bought, context, day, invoice, per_unit, priced, refused, rule

CUSTOMERS = [{"customer": "K-1"}, {"cluster": "NEAR"}, {"cluster": "FAR"}, {}]
PRODUCTS = [{"product": "VM"}, {"category": "compute"}, {}]
LEVELS = [customer | product for customer in CUSTOMERS for product in PRODUCTS]


def taken(*rules) -> str:
    """The code of the rule that prices a purchase of 2026-10-01, in whatever order the rules are."""
    codes = set()
    for order in itertools.islice(itertools.permutations(rules), 6):
        [item] = priced([bought()], context(*order)).items
        codes.add(item.rule)
    [code] = codes
    return code


@pytest.mark.parametrize("level", range(len(LEVELS) - 1))
def test_the_customer_axis_comes_first_then_the_product_axis(level):
    # the less specific one has all else in its favour
    better, worse = rule("Z", **LEVELS[level]), rule("A", **LEVELS[level + 1], valid_from=day(1), priority=9)
    assert taken(better, worse) == "Z"


def test_of_all_levels_the_first_that_is_there_is_taken():
    rules = [rule(f"L{number:02}", **level) for number, level in enumerate(LEVELS)]
    for number in range(len(LEVELS)):
        assert taken(*rules[number:]) == f"L{number:02}"


def test_then_the_later_valid_from_then_the_higher_priority_then_the_code():
    old, new = rule("A", valid_from=day(1, 1), priority=9), rule("B", valid_from=day(2, 1))
    always = rule("C", priority=99)
    assert taken(old, new, always) == "B"
    assert taken(old, always) == "A"
    assert taken(rule("A"), rule("B", priority=1)) == "B"
    assert taken(rule("B"), rule("A")) == "A"


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"customer": "K-2"},
        {"cluster": "OTHER"},
        {"product": "DB"},
        {"category": "storage"},
        {"currency": "USD"},
        {"valid_from": day(2)},
        {"valid_to": day(1)},
    ],
)
def test_rules_for_others_don_t_count(elsewhere):
    assert taken(rule("Z"), rule("A", **elsewhere)) == "Z"
    failure = refused([bought()], context(rule("A", **elsewhere)))
    assert (failure.code, failure.product, failure.rule) == ("no-rule", "VM", None)


def test_nothing_stacks_the_taken_rule_s_price_is_the_whole_price():
    result = priced([bought("3")], context(rule("A", per_unit("5")), rule("B", per_unit("2"), product="VM")))
    assert [(item.rule, str(item.amount)) for item in result.items] == [("B", "6.00")]


def test_a_more_specific_rule_that_has_ended_uncovers_the_one_below():
    special, plain = rule("S", customer="K-1", valid_to=day(11)), rule("P")
    result = priced([bought("1", day(10)), bought("1", day(11))], context(special, plain))
    assert [item.rule for item in result.items] == ["P", "S"]


def test_what_was_found_for_one_customer_is_not_taken_for_another():
    ctx = context(rule("OWN", customer="K-1"), rule("NEAR", cluster="NEAR"), rule("ALL"))
    assert [item.rule for item in priced([bought()], ctx).items] == ["OWN"]
    assert [item.rule for item in priced([bought()], ctx, customer="K-2").items] == ["NEAR"]
    assert [item.rule for item in priced([bought()], ctx, customer="K-2", clusters=("FAR",)).items] == ["ALL"]
    assert [item.rule for item in priced([bought()], ctx, customer="K-3").items] == ["NEAR"]


def test_the_index_agrees_with_looking_at_every_rule():
    """Given rules at random, when a purchase is priced, then by the one that a plain search over all finds."""
    chance = random.Random(4)
    for _ in range(300):
        rules = [
            rule(
                f"R{number}",
                **chance.choice(CUSTOMERS),
                **chance.choice(PRODUCTS),
                valid_from=chance.choice([None, day(1), day(5), day(9)]),
                valid_to=chance.choice([None, day(12), day(20)]),
                priority=chance.choice([0, 1]),
                currency=chance.choice(["EUR", "EUR", "USD"]),
            )
            for number in range(chance.randint(1, 12))
        ]
        ctx = context(*rules)
        for number in (1, 7, 15, 25):
            on = day(number)
            fitting = [r.body for r in rules if r.body.currency == "EUR" and r.body.holds_on(on)]
            best = min(fitting, key=rank, default=None)
            if best is None:
                assert refused([bought("1", on)], ctx).code == "no-rule"
            else:
                assert priced([bought("1", on)], ctx).items[0].rule == best.code


def rank(body) -> tuple:
    where = CUSTOMERS.index({k: v for k in ("customer", "cluster") if (v := getattr(body, k)) is not None})
    what = PRODUCTS.index({k: v for k in ("product", "category") if (v := getattr(body, k)) is not None})
    since = body.valid_from.toordinal() if body.valid_from else 0
    return (where, what, -since, -body.priority, body.code)


def test_a_customer_in_no_cluster_has_its_own_rules_and_those_for_all():
    assert priced([bought()], context(rule("A")), clusters=()).items[0].rule == "A"
    assert invoice().clusters == ("NEAR", "FAR")
