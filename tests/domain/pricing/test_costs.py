"""Costs, their exchange rates, and units."""

from decimal import Decimal

import pytest

from tests.domain.pricing.setting import bought, context, day, priced, product, rate, refused, rule

COST_PLUS = {"family": "cost_plus", "percent": "10"}


def in_usd(cost: str = "100", **rest):
    return bought("1", day(20), cost=cost, cost_currency="USD", **rest)


@pytest.mark.parametrize(
    ("rates", "cost"),
    [
        ([rate(day(20), "0.9")], "90"),
        ([rate(day(13), "0.8")], "80"),  # seven days old
        ([rate(day(13), "0.8"), rate(day(19), "0.85"), rate(day(21), "0.95")], "85"),  # the latest not after
    ],
)
def test_a_cost_is_converted_by_the_latest_rate_not_after_its_date_at_most_seven_days_old(rates, cost):
    [item] = priced([in_usd()], context(rule("R", COST_PLUS), rates=rates)).items
    assert (item.cost, item.amount) == (Decimal(cost), Decimal(cost) * Decimal("1.1"))


@pytest.mark.parametrize(
    "rates",
    [
        [],
        [rate(day(12), "0.8")],  # eight days old
        [rate(day(21), "0.8")],  # of the day after
        [rate(day(20), "1.1", "EUR", "USD")],  # the other way round
        [rate(day(20), "1.1", "USD", "CHF")],
    ],
)
def test_without_such_a_rate_the_calculation_fails_and_names_it(rates):
    failure = refused([in_usd("12.50", sources=("invoice F-1 line 7",))], context(rule(), rates=rates))
    assert (failure.code, failure.product, failure.rule) == ("no-exchange-rate", "VM", "R")
    assert "12.5 USD" in failure.message
    assert "USD to EUR of 2026-10-13 to 2026-10-20" in failure.message
    assert "invoice F-1 line 7" in failure.message


def test_the_date_that_counts_is_the_provider_invoice_s_where_there_is_one():
    rates = [rate(day(20), "0.9"), rate(day(31), "0.5")]
    result = priced([in_usd(cost_date=day(31))], context(rule("R", COST_PLUS), rates=rates))
    assert result.cost_total == Decimal("50.00")
    assert ("exchange-rate", "USD-EUR-2026-10-31", 1) in result.inputs
    assert ("exchange-rate", "USD-EUR-2026-10-20", 1) not in result.inputs


def test_a_cost_in_the_invoice_s_currency_needs_no_rate():
    result = priced([bought(cost="3", cost_currency="EUR"), bought(cost="4")], context(rule("R", COST_PLUS)))
    assert result.cost_total == Decimal("7.00")


def test_prices_are_never_converted():
    assert refused([in_usd()], context(rule(currency="USD"), rates=[rate(day(20), "0.9")])).code == "no-rule"


def test_costs_stay_exact_and_their_total_is_rounded_once():
    """Given three items that cost 0.005 each, then 0.02 in all, not 3 x 0.01."""
    groups = [bought(cost="0.005", subscription=name) for name in "ABC"]
    result = priced(groups, context(rule()))
    assert [item.cost for item in result.items] == [Decimal("0.005")] * 3
    assert result.cost_total == Decimal("0.02")


def test_a_conversion_keeps_all_of_its_30_decimals():
    rates = [rate(day(20), "0.123456789012345")]
    [item] = priced([in_usd("0.000000000000001")], context(rule(), rates=rates)).items
    assert item.cost == Decimal("0.000000000000000123456789012345")


def test_zero_is_a_cost_and_none_is_an_error_for_cost_plus_only():
    ctx = context(rule("R", COST_PLUS))
    assert priced([bought(cost="0")], ctx).revenue_total == 0
    failure = refused([bought(cost="0"), bought()], ctx)
    assert (failure.code, failure.product, failure.rule) == ("no-cost", "VM", "R")
    [item] = priced([bought(cost="2"), bought(lines=3)], context(rule())).items
    assert (item.cost, item.lines, item.lines_without_cost) == (2, 4, 3)
    [item] = priced([bought()], context(rule())).items
    assert item.cost is None


def test_an_item_without_any_cost_leaves_the_total_of_the_others():
    groups = [bought(cost="2", subscription="A"), bought(subscription="B")]
    assert priced(groups, context(rule())).cost_total == Decimal("2.00")


@pytest.mark.parametrize(
    ("unit", "product_unit", "quantity"),
    [
        ("h", "h", "2"),
        (None, "h", "2"),
        ("min", "h", "0.0333"),
        ("d", "h", "48"),
        ("anything", None, "2"),
        (None, None, "2"),
    ],
)
def test_quantities_count_in_the_product_s_unit(unit, product_unit, quantity):
    sold = product(unit=product_unit, factors={"min": "0.01665", "d": "24"})
    [item] = priced([bought("2", unit=unit)], context(rule(), products=[sold])).items
    assert (item.quantity, item.unit) == (Decimal(quantity), product_unit)


def test_an_unknown_unit_is_refused_and_named():
    failure = refused([bought(unit="GB", lines=3)], context(rule()))
    assert (failure.code, failure.product, failure.rule) == ("unknown-unit", "VM", "R")
    assert failure.message.startswith(
        "3 purchases of product VM on 2026-10-01: they are in 'GB', the product is in 'h'"
    )


def test_no_list_price_on_the_date_or_in_the_currency_is_an_error():
    sold = product(prices=[("EUR", day(10), "1"), ("USD", day(1), "1")])
    ctx = context(rule("R", {"family": "discount_off_list", "percent": "5"}), products=[sold])
    failure = refused([bought("1", day(9))], ctx)
    assert (failure.code, failure.rule) == ("no-list-price", "R")
    assert "no list price in EUR on 2026-10-09" in failure.message
    assert priced([bought("1", day(10))], ctx).revenue_total == Decimal("0.95")


def test_an_unknown_product_is_refused_and_named():
    failure = refused([bought(product="GONE")], context(rule()))
    assert (failure.code, failure.product) == ("unknown-product", "GONE")


def test_an_uncovered_purchase_is_named_with_what_to_do():
    group = bought(lines=2, subscription="S-1", last_day=day(3), sources=("A line 1", "B line 2"))
    failure = refused([group], context())
    assert failure.message == (
        "2 purchases of product VM, subscription S-1 on 2026-10-01 to 2026-10-03, from A line 1 and 1 more: no pricing "
        "rule in EUR covers them for customer K-1: save one that is valid on 2026-10-01 for the product, its category "
        "compute or all."
    )
