"""What each family makes of a quantity. The worked examples of `docs/pricing.md` are these."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pricing.families import Portion, begun, steps
from tests.domain.pricing.setting import (
    OCTOBER,
    amount_of,
    body,
    bought,
    context,
    day,
    per_unit,
    priced,
    product,
    rule,
    tiered,
)

TIERS = (("10", "1.00"), ("100", "0.80"), (None, "0.50"))
PACKAGE = {"family": "package", "size": "1000", "price": "4.00"}


def test_per_unit_every_unit_has_one_price():
    assert amount_of(per_unit("0.012"), bought("250.5")) == "3.01"


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [
        ("0", "0.00"),
        ("10", "10.00"),  # up_to is inclusive
        ("10.1", "10.08"),
        ("100", "82.00"),
        ("150", "107.00"),  # 10 x 1.00 + 90 x 0.80 + 50 x 0.50
        ("-5", "-5.00"),
        ("-500", "-500.00"),  # a negative sum at the first tier, however large
    ],
)
def test_graduated_each_part_at_its_tier(quantity, amount):
    assert amount_of(tiered("graduated", *TIERS), bought(quantity)) == amount


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [("10", "10.00"), ("10.1", "8.08"), ("100", "80.00"), ("150", "75.00"), ("-500", "-500.00"), ("0", "0.00")],
)
def test_volume_all_at_the_tier_reached(quantity, amount):
    assert amount_of(tiered("volume", *TIERS), bought(quantity)) == amount


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [("0", "0.00"), ("0.001", "4.00"), ("1000", "4.00"), ("1000.5", "8.00"), ("-1", "-4.00"), ("-1000.5", "-8.00")],
)
def test_package_those_begun_and_a_negative_sum_away_from_zero(quantity, amount):
    assert amount_of(PACKAGE, bought(quantity)) == amount


@pytest.mark.parametrize(
    ("percent", "per_unit_", "cost", "amount"),
    [
        ("15", None, "80", "92.00"),
        (None, "0.10", "80", "85.00"),  # the cost and 50 x 0.10
        ("15", "0.10", "80", "97.00"),
        ("0", None, "80", "80.00"),
        ("-100", None, "80", "0.00"),
        ("15", None, "0", "0.00"),  # zero is a cost
        ("15", None, "-80", "-92.00"),
    ],
)
def test_cost_plus_the_cost_and_a_percentage_and_an_amount_per_unit(percent, per_unit_, cost, amount):
    price = {"family": "cost_plus", "percent": percent, "amount_per_unit": per_unit_}
    assert amount_of(price, bought("50", cost=cost)) == amount


def test_a_discount_off_the_list_price_of_the_purchase_s_date():
    price = {"family": "discount_off_list", "percent": "20"}
    prices = [("EUR", day(1, 1), "2.00"), ("EUR", day(15), "3.00"), ("USD", day(20), "9.00")]
    groups = [bought("10", day(14)), bought("10", day(15)), bought("10", day(25))]
    assert amount_of(price, *groups, prices=prices) == "64.00"  # 10 x 1.60 + 20 x 2.40


def test_what_counts_for_tiers_is_one_product_s_quantity_of_all_subscriptions_late_ones_included():
    groups = [
        bought("60", subscription="A"),
        bought("60", subscription="B"),
        bought("30", day(3, 9), subscription="A"),
    ]
    assert amount_of(tiered("graduated", *TIERS), *groups) == "107.00"


def test_another_product_has_a_count_of_its_own():
    ctx = context(rule("R", tiered("volume", *TIERS)), products=[product("VM"), product("DB")])
    result = priced([bought("60"), bought("60", product="DB")], ctx)
    assert [item.amount for item in result.items] == [Decimal("48.00"), Decimal("48.00")]


def test_a_rule_that_starts_in_mid_period_has_its_own_count():
    old = rule("OLD", tiered("graduated", *TIERS), valid_to=day(16))
    new = rule("NEW", tiered("graduated", *TIERS), valid_from=day(16))
    result = priced([bought("60", OCTOBER), bought("60", day(16))], context(old, new))
    assert [(item.rule, item.quantity, item.amount) for item in result.items] == [
        ("NEW", Decimal(60), Decimal("50.00")),
        ("OLD", Decimal(60), Decimal("50.00")),
    ]


def test_late_purchases_are_priced_by_the_rule_of_their_date():
    old = rule("OLD", per_unit("2"), valid_to=OCTOBER)
    new = rule("NEW", per_unit("1"), valid_from=OCTOBER)
    result = priced([bought("1", day(30, 9)), bought("1", OCTOBER)], context(old, new))
    assert [(item.rule, item.late_period) for item in result.items] == [("NEW", None), ("OLD", day(1, 9))]


# --- the same from first principles -------------------------------------------------------------------------------

bounds = st.lists(st.integers(1, 40), unique=True, max_size=4).map(sorted)
prices = st.lists(st.decimals(0, 100, places=4), min_size=5, max_size=5)


def exact(price, quantity: Decimal) -> Decimal:
    result = Decimal(0)
    for step in steps(body(price=price).price, [Portion(quantity, None, None)]):
        assert step.amount == step.quantity * step.unit_price
        result += step.amount
    return result


def tiers_of(bounds_, prices_):
    return [(str(bound), str(price)) for bound, price in zip(bounds_, prices_, strict=False)] + [
        (None, str(prices_[-1]))
    ]


def unit_price(tiers, number: int) -> Decimal:
    return next(Decimal(price) for up_to, price in tiers if up_to is None or number <= int(up_to))


@given(bounds, prices, st.integers(-50, 60))
def test_tiers_agree_with_counting_unit_by_unit(bounds_, prices_, quantity):
    tiers = tiers_of(bounds_, prices_)
    first = unit_price(tiers, 1)
    if quantity < 0:
        graduated = volume = quantity * first
    else:
        graduated = sum((unit_price(tiers, number) for number in range(1, quantity + 1)), Decimal(0))
        volume = quantity * unit_price(tiers, quantity)
    assert exact(tiered("graduated", *tiers), Decimal(quantity)) == graduated
    assert exact(tiered("volume", *tiers), Decimal(quantity)) == volume


@given(bounds, prices, st.decimals(0, 20, places=3))
def test_parts_of_units_are_graduated_like_thousandths_counted_one_by_one(bounds_, prices_, quantity):
    tiers = tiers_of(bounds_, prices_)
    thousandths = int(quantity * 1000)
    counted = sum((unit_price(tiers, -(-number // 1000)) for number in range(1, thousandths + 1)), Decimal(0))
    assert exact(tiered("graduated", *tiers), quantity) * 1000 == counted


@given(st.decimals(-(10**9), 10**9, places=6), st.decimals("0.001", 1000, places=3))
def test_packages_begun_hold_the_quantity_and_one_less_would_not(quantity, size):
    packages = begun(quantity, size)
    assert packages == int(packages)
    assert abs(packages) * size >= abs(quantity) > (abs(packages) - 1) * size or packages == quantity == 0
    assert packages * quantity >= 0


@given(st.decimals(-(10**30), 10**30, places=15), st.decimals(0, 10**20, places=15))
def test_products_of_more_than_28_digits_are_exact(quantity, price):
    assert Fraction(steps(body(price=per_unit(str(price))).price, [Portion(quantity, None, None)])[0].amount) == (
        Fraction(quantity) * Fraction(price)
    )
