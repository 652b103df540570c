"""Nothing depends on order or grouping, nothing is lost, and no digit is cut."""

import dataclasses
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from domain.money import less, split
from domain.pricing.calculate import Failure, calculate, canonical, digest
from tests.domain.pricing.setting import bought, context, day, invoice, per_unit, product, rate, rule, tiered

FAMILIES = [
    per_unit("0.0137"),
    tiered("graduated", ("10", "1.07"), ("100", "0.83"), (None, "0.51")),
    tiered("volume", ("10", "1.07"), ("100", "0.83"), (None, "0.51")),
    {"family": "package", "size": "7", "price": "4.01"},
    {"family": "cost_plus", "percent": "12.5", "amount_per_unit": "0.001"},
    {"family": "discount_off_list", "percent": "7.5"},
]
WORLD = context(
    *(rule(f"R{number}", price, product=f"P{number}") for number, price in enumerate(FAMILIES)),
    rule("FEE", {"family": "flat_fee", "amount": "3.00"}),
    rule("MIN", {"family": "minimum", "amount": "500.00"}),
    products=[
        product(f"P{number}", factors={"d": "24"}, prices=[("EUR", day(1, 1), "1.23"), ("EUR", day(9), "2")])
        for number in range(6)
    ],
    rates=[rate(day(1), "0.9137"), rate(day(8), "0.8731")],
)

groups = st.builds(
    lambda code, on, quantity, cost, currency, subscription, unit, lines: bought(
        str(quantity),
        on,
        product=code,
        cost=str(cost),
        cost_currency=currency,
        subscription=subscription,
        unit=unit,
        lines=lines,
    ),
    st.sampled_from([f"P{number}" for number in range(6)]),
    st.sampled_from([day(1), day(8), day(9), day(14)]),
    st.decimals(-(10**20), 10**20, places=15),
    st.decimals(-(10**20), 10**20, places=15),
    st.sampled_from(["EUR", "USD", None]),
    st.sampled_from([None, "A", "B"]),
    st.sampled_from([None, "h", "d"]),
    st.integers(1, 1000),
)


@given(st.lists(groups, max_size=12).flatmap(lambda several: st.tuples(st.just(several), st.permutations(several))))
def test_the_order_of_purchases_does_not_matter(orders):
    one, other = (calculate(invoice(), order, WORLD) for order in orders)
    assert one == other
    assert not isinstance(one, Failure)
    assert canonical(one) == canonical(other)


@given(st.lists(groups, min_size=1, max_size=6), st.integers(0, 5), st.decimals(0, 10**6, places=15))
def test_how_purchases_are_grouped_does_not_matter(several, which, part):
    """Given any purchases, when one group is two, then the bytes of the result are the same."""
    whole = several[which % len(several)]
    halves = [
        dataclasses.replace(whole, quantity=part, cost=part, lines=0, sources=("first",)),
        dataclasses.replace(
            whole, quantity=less(whole.quantity, part), cost=less(whole.cost, part), sources=("second",)
        ),
    ]
    parted = [group for group in several if group is not whole]
    parted += halves * (len(several) - len(parted))
    together, apart = calculate(invoice(), several, WORLD), calculate(invoice(), parted, WORLD)
    assert not isinstance(together, Failure)
    assert not isinstance(apart, Failure)
    assert digest(together) == digest(apart)


@given(st.lists(groups, max_size=12))
def test_nothing_is_lost_between_purchases_items_and_totals(several):
    result = calculate(invoice(), several, WORLD)
    assert not isinstance(result, Failure)
    rates = {
        day(1): Fraction("0.9137"),
        day(8): Fraction("0.8731"),
        day(9): Fraction("0.8731"),
        day(14): Fraction("0.8731"),
    }
    cost = sum(
        (Fraction(g.cost) * (rates[g.first_day] if g.cost_currency == "USD" else 1) for g in several), Fraction(0)
    )
    quantity = sum((Fraction(g.quantity) * (24 if g.unit == "d" else 1) for g in several), Fraction(0))
    assert sum(Fraction(item.cost or 0) for item in result.items) == cost
    assert sum(Fraction(item.quantity or 0) for item in result.items) == quantity
    assert sum(item.lines for item in result.items) == sum(g.lines for g in several)
    assert Fraction(result.revenue_total) == sum(Fraction(item.amount) for item in result.items)
    assert abs(Fraction(result.cost_total) - cost) <= Fraction(1, 200)
    assert all(abs(Fraction(item.amount) - Fraction(item.exact)) <= Fraction(1, 200) for item in result.items)
    assert result.revenue_total >= 500


@given(st.lists(groups, max_size=12))
def test_only_a_minimum_that_lacks_something_is_an_item(several):
    result = calculate(invoice(), several, WORLD)
    assert not isinstance(result, Failure)
    before = sum(Fraction(item.amount) for item in result.items if item.kind != "minimum")
    lacks = [Fraction(item.amount) for item in result.items if item.kind == "minimum"]
    assert lacks == ([500 - before] if before < 500 else [])


@given(st.permutations([bought("1", day(n), product=p, lines=n) for n in (1, 3) for p in ("GONE", "P4", "ZZ")]))
def test_of_several_failures_the_same_is_named_in_any_order(several):
    result = calculate(invoice(), several, WORLD)
    assert isinstance(result, Failure)
    assert (result.code, result.product) == ("unknown-product", "GONE")
    assert result.message.startswith("1 purchase of product GONE on 2026-10-01")


@given(st.decimals(0, 10**15, places=2), st.lists(st.decimals("0.000001", 100, places=6), min_size=1, max_size=20))
def test_shares_of_a_rounded_amount_lose_nothing(amount, shares):
    parts = split(amount, shares, "EUR")
    assert sum(Fraction(part) for part in parts) == Fraction(amount)


def test_a_known_calculation_keeps_its_bytes():
    """Stored digests are compared years later: a change of these bytes is a change of format."""
    several = [bought("12.5", product="P1", subscription="A"), bought("3", day(2, 9), product="P0", cost="1.10")]
    result = calculate(invoice(), several, WORLD)
    assert not isinstance(result, Failure)
    assert canonical(result).startswith(b'{"cost_total":"1.10","currency":"EUR","inputs":[["pricing-rule","FEE",1],')
    assert digest(result) == "fe36a2a05cd1219167c13a3aad155cc85eafcb92ed488bf750909fcb9ac44385"
