"""What parts items, what they are called, and how they are rounded."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.identity import id_for
from tests.domain.pricing.setting import (
    INVOICE,
    OCTOBER,
    SEPTEMBER,
    amounts,
    bought,
    context,
    day,
    per_unit,
    priced,
    product,
    refused,
    rule,
    tiered,
)

LIST = [("EUR", day(1, 1), "1")]
PARTED = [
    per_unit(),
    {"family": "cost_plus", "percent": "0"},
    {"family": "discount_off_list", "percent": "0"},
]
WHOLE = [
    tiered("graduated", (None, "1")),
    tiered("volume", (None, "1")),
    {"family": "package", "size": "1", "price": "1"},
]
PURCHASES = [
    bought("1", subscription="A", cost="1"),
    bought("2", day(2), subscription="A", cost="2"),
    bought("4", subscription="B", cost="4"),
    bought("8", day(30, 9), subscription="A", cost="8"),
    bought("16", cost="16"),
]


@pytest.mark.parametrize("price", PARTED, ids=lambda price: price["family"])
def test_subscription_and_lateness_part_items_of_per_unit_cost_plus_and_discount(price):
    result = priced(PURCHASES, context(rule("R", price), products=[product(prices=LIST)]))
    assert [(i.subscription, i.late_period, i.amount, i.cost, i.lines) for i in result.items] == [
        (None, None, Decimal("16.00"), Decimal(16), 1),
        ("A", None, Decimal("3.00"), Decimal(3), 2),
        ("A", SEPTEMBER, Decimal("8.00"), Decimal(8), 1),
        ("B", None, Decimal("4.00"), Decimal(4), 1),
    ]


@pytest.mark.parametrize("price", WHOLE, ids=lambda price: price["family"])
def test_of_graduated_volume_and_package_the_item_is_the_product(price):
    [item] = priced(PURCHASES, context(rule("R", price))).items
    assert (item.subscription, item.late_period, item.amount, item.lines) == (None, None, Decimal("31.00"), 5)


def test_an_item_is_rounded_once_and_the_total_sums_the_rounded_items():
    """Given three subscriptions at 0.335 each, then 3 x 0.34; and one item of the same quantity is 1.01."""
    groups = [bought("0.335", subscription=name) for name in "ABC"]
    result = priced(groups, context(rule()))
    assert amounts(result) == ["0.34", "0.34", "0.34"]
    assert result.revenue_total == Decimal("1.02")
    assert [str(item.exact) for item in result.items] == ["0.335"] * 3
    assert amounts(priced(groups, context(rule("R", tiered("volume", (None, "1")))))) == ["1.01"]


def test_half_is_rounded_away_from_zero_on_both_sides_and_to_the_currency_s_unit():
    assert amounts(priced([bought("0.005")], context(rule()))) == ["0.01"]
    assert amounts(priced([bought("-0.005")], context(rule()))) == ["-0.01"]
    assert amounts(priced([bought("-0.004")], context(rule()))) == ["0.00"]
    assert amounts(priced([bought("0.5")], context(rule(currency="JPY")), currency="JPY")) == ["1"]
    assert amounts(priced([bought("0.0005")], context(rule(currency="KWD")), currency="KWD")) == ["0.001"]


def test_what_names_an_ad_hoc_invoice_is_never_late_and_a_contract_s_purchase_may_be():
    old = bought("1", day(3, 9))
    [item] = priced([old], context(rule()), type="ad_hoc").items
    assert item.late_period is None
    [item] = priced([old], context(rule()), type="contract").items
    assert item.late_period == SEPTEMBER


def test_an_item_s_id_is_computable_and_survives_new_purchases_and_prices():
    groups = [bought("1", day(3, 9), subscription="a:b%c")]
    [item] = priced(groups, context(rule())).items
    assert item.id == str(id_for("customer-invoice-item", str(INVOICE), "R", "VM", "a:b%c", "2026-09-01"))
    more = [*groups, bought("5", day(4, 9), subscription="a:b%c")]
    assert priced(more, context(rule("R", per_unit("9"), version=2))).items[0].id == item.id
    [whole] = priced(groups, context(rule("R", tiered("volume", (None, "1"))))).items
    assert whole.id == str(id_for("customer-invoice-item", str(INVOICE), "R", "VM", "", ""))


@given(st.text(min_size=1, max_size=40), st.uuids())
def test_every_item_s_id_is_the_uuid_of_its_name(subscription, invoice_id):
    [item] = priced([bought(subscription=subscription)], context(rule()), id=invoice_id).items
    assert item.id == str(id_for("customer-invoice-item", str(invoice_id), "R", "VM", subscription, ""))


def test_two_spellings_of_one_subscription_are_one_item():
    groups = [
        bought("1", subscription="caf\u00e9"),
        bought("1", subscription="cafe\u0301 "),
        bought("1", subscription=""),
    ]
    assert [item.subscription for item in priced(groups, context(rule())).items] == [None, "caf\u00e9"]


def test_an_invoice_without_purchases_is_empty_not_an_error():
    result = priced([], context())
    assert (result.items, result.revenue_total, result.cost_total, result.inputs) == ((), 0, 0, ())


def test_what_was_given_back_and_taken_cancels_out():
    [item] = priced([bought("5"), bought("-5")], context(rule())).items
    assert (item.quantity, item.amount, item.lines) == (0, 0, 2)


def test_the_result_says_which_versions_it_used_and_only_those():
    rules = [rule("USED", version=3), rule("HIDDEN", valid_to=dt.date(2020, 1, 1))]
    result = priced([bought()], context(*rules, products=[product(version=5), product("DB")], position=99))
    assert result.inputs == (("pricing-rule", "USED", 3), ("product", "VM", 5))
    assert result.position == 99


def test_a_figure_that_no_record_could_keep_is_refused_and_named():
    failure = refused([bought("1E30")], context(rule("R", per_unit("1E12"))))
    assert (failure.code, failure.product, failure.rule) == ("too-large", "VM", "R")
    assert "more than 40 digits" in failure.message
    assert priced([bought("1E30")], context(rule("R", per_unit("1E9")))).revenue_total == Decimal("1E39")


def test_a_group_that_a_boundary_runs_through_is_a_fault_of_whoever_made_it():
    ctx = context(rule("A", valid_to=day(15)), rule("B", valid_from=day(15)))
    with pytest.raises(ValueError, match="VM from 2026-10-01 to 2026-10-15 have a boundary"):
        priced([bought("1", OCTOBER, last_day=day(15))], ctx)
    assert priced([bought("1", OCTOBER, last_day=day(14))], ctx).items[0].rule == "A"
