"""An item opened down to its purchases."""

from decimal import Decimal

import pytest

from domain.pricing.explain import Explanation, explain
from domain.pricing.items import Failure
from tests.domain.pricing.setting import (
    SEPTEMBER,
    bought,
    context,
    day,
    invoice,
    per_unit,
    priced,
    product,
    rate,
    rule,
    tiered,
)

TIERS = tiered("graduated", ("10", "1.00"), ("100", "0.80"), (None, "0.125"))


def opened(groups, ctx, number: int = 0, **rest) -> Explanation:
    item = priced(groups, ctx, **rest).items[number]
    result = explain(invoice(**rest), groups, ctx, item.id)
    assert isinstance(result, Explanation)
    # the tree adds up to the item, whatever its family
    steps = sum((step.amount for step in result.steps), Decimal(0))
    assert result.kind == "minimum" or steps == item.exact
    assert result.rounding.amount == format(item.amount, "f")
    assert result.rounding.exact + result.rounding.difference == item.amount
    assert sum(p.lines for p in result.purchases) == item.lines
    if item.quantity is not None:
        assert sum((p.counted_quantity for p in result.purchases), Decimal(0)) == item.quantity
    return result


def test_a_graduated_item_shows_quantity_by_tier_with_subscriptions_and_late_ones_inside():
    groups = [
        bought("100", subscription="B", sources=("F-1 line 2",)),
        bought("10.1", day(30, 9), subscription="A", lines=3, sources=("F-0 line 9", "F-0 line 10")),
    ]
    tree = opened(groups, context(rule("R", TIERS, version=4)))
    assert [(s.tier, s.up_to, s.quantity, s.unit_price, s.amount) for s in tree.steps] == [
        (1, 10, 10, 1, 10),
        (2, 100, 90, Decimal("0.8"), 72),
        (3, None, Decimal("10.1"), Decimal("0.125"), Decimal("1.2625")),
    ]
    assert (tree.rule.code, tree.rule_version, tree.quantity) == ("R", 4, Decimal("110.1"))
    assert (tree.rounding.exact, tree.rounding.amount) == (Decimal("83.2625"), "83.26")
    assert [(p.subscription, p.late_period, p.first_day, p.lines, p.sources) for p in tree.purchases] == [
        ("A", SEPTEMBER, day(30, 9), 3, ("F-0 line 9", "F-0 line 10")),
        ("B", None, day(1), 1, ("F-1 line 2",)),
    ]


def test_a_cost_plus_item_shows_the_conversion_and_the_factor():
    groups = [bought("2", day(3), unit="d", cost="10", cost_currency="USD"), bought("1", cost="5")]
    ctx = context(
        rule("R", {"family": "cost_plus", "percent": "15", "amount_per_unit": "0.01"}),
        products=[product(factors={"d": "24"})],
        rates=[rate(day(2), "0.9")],
    )
    tree = opened(groups, ctx)
    assert [(s.counts, s.quantity, s.unit_price) for s in tree.steps] == [
        ("cost", 14, Decimal("1.15")),
        ("units", 49, Decimal("0.01")),
    ]
    own, converted = tree.purchases
    assert (own.cost_currency, own.conversion, own.counted_cost) == ("EUR", None, 5)
    assert (converted.cost, converted.cost_currency, converted.counted_cost) == (10, "USD", 9)
    assert (converted.quantity, converted.unit, converted.counted_quantity) == (2, "d", 48)
    assert converted.conversion is not None
    assert (converted.conversion.date, converted.conversion.rate) == (day(2), Decimal("0.9"))


@pytest.mark.parametrize(
    ("price", "steps"),
    [
        (per_unit("0.5"), [("units", 15, "0.5")]),
        (tiered("volume", ("10", "1"), (None, "0.7")), [("units", 15, "0.7")]),
        ({"family": "package", "size": "10", "price": "3"}, [("packages", 2, "3")]),
        ({"family": "discount_off_list", "percent": "25"}, [("units", 10, "0.75"), ("units", 5, "1.5")]),
    ],
)
def test_the_steps_of_the_other_families(price, steps):
    ctx = context(rule("R", price), products=[product(prices=[("EUR", day(1), "1"), ("EUR", day(9), "2")])])
    tree = opened([bought("10"), bought("5", day(9))], ctx)
    assert [(s.counts, s.quantity, s.unit_price) for s in tree.steps] == [(c, q, Decimal(p)) for c, q, p in steps]


def test_a_flat_fee_and_a_minimum_show_what_they_are_made_of():
    rules = [
        rule(),
        rule("FEE", {"family": "flat_fee", "amount": "5.00"}),
        rule("MIN", {"family": "minimum", "amount": "50.00"}),
    ]
    groups = [bought("12.345")]
    fee = opened(groups, context(*rules), 1)
    assert [(s.counts, s.quantity, s.amount) for s in fee.steps] == [("periods", 1, 5)]
    lacking = opened(groups, context(*rules), 2)
    assert (lacking.minimum, lacking.steps, lacking.purchases) == (50, (), ())
    assert [(one.kind, one.rule, one.amount) for one in lacking.summed] == [
        ("price", "R", "12.35"),
        ("flat_fee", "FEE", "5.00"),
    ]
    assert lacking.rounding.exact == Decimal("32.65")


def test_it_opens_more_finely_than_it_was_priced_down_to_each_row():
    ctx = context(rule("R", TIERS))
    [item] = priced([bought("30", last_day=day(9), lines=3)], ctx).items
    rows = [bought("10", day(number), sources=(f"line {number}",)) for number in (1, 5, 9)]
    tree = explain(invoice(), rows, ctx, item.id)
    assert isinstance(tree, Explanation)
    assert tree.rounding.amount == format(item.amount, "f")
    assert [p.sources for p in tree.purchases] == [("line 1",), ("line 5",), ("line 9",)]


def test_the_tree_is_the_same_in_whatever_order_the_purchases_come():
    groups = [bought(str(n), day(n % 3 + 1), subscription="AB"[n % 2]) for n in range(1, 9)]
    ctx = context(rule("R", TIERS))
    assert opened(groups, ctx) == opened(groups[::-1], ctx)


def test_figures_are_plain_strings_in_json():
    tree = opened([bought("1E+3", cost="1.50")], context(rule("R", per_unit("0.10")))).model_dump(mode="json")
    assert (tree["quantity"], tree["cost"], tree["rounding"]["exact"]) == ("1000", "1.5", "100")
    assert tree["steps"][0]["unit_price"] == "0.1"
    assert tree["rounding"]["mode"] == "half away from zero"
    assert tree["rule"]["price"] == {"family": "per_unit", "unit_price": "0.1"}


def test_an_item_that_is_not_there_and_an_invoice_that_can_t_be_priced():
    assert explain(invoice(), [bought()], context(rule()), "none") is None
    assert isinstance(explain(invoice(), [bought()], context(), "none"), Failure)


def test_a_minimum_that_is_reached_is_no_item_to_open():
    ctx = context(rule(), rule("MIN", {"family": "minimum", "amount": "50.00"}))
    minimum = priced([], ctx).items[0]
    assert isinstance(explain(invoice(), [], ctx, minimum.id), Explanation)
    assert explain(invoice(), [bought("50")], ctx, minimum.id) is None
