"""Flat fees and minimums: on the periodical invoice, after the prices."""

from decimal import Decimal

import pytest

from tests.domain.pricing.setting import (
    amounts,
    bought,
    context,
    day,
    per_unit,
    priced,
    product,
    rule,
)


def fee(code: str = "FEE", amount: str = "5.00", **rest):
    return rule(code, {"family": "flat_fee", "amount": amount}, **rest)


def minimum(code: str = "MIN", amount: str = "100.00", **rest):
    return rule(code, {"family": "minimum", "amount": amount}, **rest)


def kinds(result) -> list[tuple[str, str, str]]:
    return [(item.kind, item.rule, format(item.amount, "f")) for item in result.items]


def test_a_flat_fee_comes_once_without_purchases_too():
    assert kinds(priced([], context(fee()))) == [("flat_fee", "FEE", "5.00")]
    groups = [bought("1", subscription=name) for name in "AB"]
    assert kinds(priced(groups, context(rule(), fee())))[2:] == [("flat_fee", "FEE", "5.00")]


def test_every_flat_fee_that_applies_is_charged():
    fees = [fee("A"), fee("B", customer="K-1"), fee("C", cluster="FAR"), fee("D", "-1.00"), fee("E", cluster="OTHER")]
    result = priced([], context(*fees))
    assert [item.rule for item in result.items] == ["A", "B", "C", "D"]
    assert result.revenue_total == Decimal("14.00")


@pytest.mark.parametrize(
    ("rest", "charged"),
    [
        ({"valid_from": day(31)}, True),
        ({"valid_to": day(31)}, False),
        ({"valid_to": day(1, 11)}, True),
        ({"valid_from": day(1, 11)}, False),
        ({"currency": "USD"}, False),
    ],
)
def test_a_charge_counts_if_valid_on_the_period_s_last_day(rest, charged):
    assert bool(priced([], context(fee(**rest))).items) is charged
    assert bool(priced([], context(minimum(**rest))).items) is charged


@pytest.mark.parametrize("kind", ["ad_hoc", "contract"])
def test_other_invoices_have_neither_fee_nor_minimum(kind):
    assert priced([bought("1")], context(rule(), fee(), minimum()), type=kind).revenue_total == Decimal("1.00")


def test_a_minimum_adds_what_lacks_of_the_rounded_items_flat_fees_included():
    groups = [bought("0.335", subscription=name) for name in "ABC"]  # 3 x 0.34
    result = priced(groups, context(rule(), fee(), minimum()))
    assert kinds(result)[3:] == [("flat_fee", "FEE", "5.00"), ("minimum", "MIN", "93.98")]
    assert result.revenue_total == Decimal("100.00")


def test_a_minimum_that_is_reached_adds_nothing_but_is_an_input():
    for quantity in ("100", "250"):
        result = priced([bought(quantity)], context(rule(), minimum()))
        assert [item.kind for item in result.items] == ["price"]
        assert ("pricing-rule", "MIN", 1) in result.inputs


def test_a_minimum_without_purchases_is_the_whole_of_it_and_credits_are_made_up_for():
    assert kinds(priced([], context(minimum()))) == [("minimum", "MIN", "100.00")]
    assert kinds(priced([bought("-20")], context(rule(), minimum())))[1:] == [("minimum", "MIN", "120.00")]


def test_of_minimums_for_the_same_the_most_specific_is_taken():
    several = [minimum("A", "300.00"), minimum("B", "50.00", cluster="NEAR"), minimum("C", "70.00", cluster="FAR")]
    assert kinds(priced([], context(*several))) == [("minimum", "B", "50.00")]
    assert kinds(priced([], context(*several, minimum("D", "20.00", customer="K-1")))) == [("minimum", "D", "20.00")]
    assert kinds(priced([], context(minimum("A"), minimum("B", "9.00", priority=1)))) == [("minimum", "B", "9.00")]


def test_minimums_for_a_product_a_category_and_all_go_from_narrow_to_wide():
    """Given 10.00 of VM and 5.00 of DB (both compute) and 1.00 of DISK, when there is a minimum of each width,
    then the wider ones count what the narrower ones added, and flat fees belong to all only.
    """
    products = [product("VM"), product("DB"), product("DISK", "storage")]
    rules = [
        rule("P", per_unit("1")),
        fee(),
        minimum("ALL", "100.00"),
        minimum("COMPUTE", "60.00", category="compute"),
        minimum("DB", "30.00", product="DB"),
        minimum("TAPE", "7.00", product="TAPE"),
    ]
    groups = [bought("10"), bought("5", product="DB"), bought("1", product="DISK")]
    result = priced(groups, context(*rules, products=products))
    assert kinds(result)[4:] == [
        ("minimum", "DB", "25.00"),  # 30 - 5
        ("minimum", "TAPE", "7.00"),
        ("minimum", "COMPUTE", "20.00"),  # 60 - 10 - 30
        ("minimum", "ALL", "27.00"),  # 100 - 60 - 1 - 5 - 7
    ]
    assert result.revenue_total == Decimal("100.00")


def test_a_category_s_minimum_counts_only_its_category():
    products = [product("VM"), product("DISK", "storage"), product("X", None)]
    groups = [bought("10"), bought("10", product="DISK"), bought("10", product="X")]
    result = priced(groups, context(rule(), minimum(category="storage"), products=products))
    assert amounts(result)[3:] == ["90.00"]


def test_fees_and_minimums_have_no_cost_and_no_quantity():
    result = priced([], context(fee(), minimum()))
    assert [(i.cost, i.quantity, i.lines, i.product) for i in result.items] == [(None, None, 0, None)] * 2
    assert result.cost_total == 0
