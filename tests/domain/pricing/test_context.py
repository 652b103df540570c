"""What is in force when, and where purchases may be summed."""

from domain.pricing.context import PricedProduct, Rate
from domain.reference.bodies import ExchangeRateBody, ProductBody
from tests.domain.pricing.setting import bought, context, day, priced, product, rate, rule

CTX = context(
    rule("A", valid_to=day(10)),
    rule("B", valid_from=day(10), valid_to=day(20)),
    rule("C", valid_from=day(1, 11)),
    rule("D"),
    products=[product(prices=[("EUR", day(5), "1"), ("USD", day(20), "1")])],
)


def test_boundaries_are_the_days_on_which_anything_starts_or_stops():
    assert CTX.boundaries(day(1), day(31)) == (day(5), day(10), day(20))
    assert CTX.boundaries(day(1, 1), day(1, 12)) == (day(5), day(10), day(20), day(1, 11))


def test_a_boundary_on_the_first_day_parts_nothing_and_one_on_the_last_does():
    assert CTX.boundaries(day(5), day(10)) == (day(10),)
    assert CTX.boundaries(day(11), day(19)) == ()
    assert context().boundaries(day(1), day(31)) == ()


def test_two_days_are_in_one_segment_if_no_boundary_parts_them():
    for first in range(1, 31):
        for last in range(first, 32):
            together = CTX.segment(day(first)) == CTX.segment(day(last))
            assert together is (CTX.boundaries(day(first), day(last)) == ())


def test_rates_of_a_day_in_any_order():
    rates = [rate(day(20), "3"), rate(day(2), "1"), rate(day(9), "2")]
    ctx = context(rates=rates)
    found = {number: ctx.rate("USD", "EUR", day(number)) for number in range(1, 31)}
    values = "".join(str(of_day.rate) if (of_day := found[number]) else "-" for number in range(1, 31))
    assert values == "-" + "1" * 7 + "2" * 8 + "---" + "3" * 8 + "---"
    assert ctx.rate("EUR", "USD", day(9)) is None


def test_saved_bodies_are_what_prices_are_made_of():
    body = ProductBody(code="VM", name="Machine", category="c", unit="h", unit_factors={"d": "24"})
    assert PricedProduct.of(4, body) == PricedProduct(4, "VM", "c", "h", {"d": 24}, ())
    stored = ExchangeRateBody(
        code="X", from_currency="USD", to_currency="EUR", date=day(1), rate="0.5", source="central bank"
    )
    one = Rate.of(2, stored)
    assert (one.version, one.code, one.date, one.rate) == (2, "X", day(1), stored.rate)
    assert context(rates=[one]).rate("USD", "EUR", day(8)) == one


def test_summing_between_boundaries_changes_no_price():
    """Given a purchase each day, when those between two boundaries are summed, then the items are the same."""
    ctx = context(rule("A", valid_to=day(10)), rule("B", valid_from=day(10)))
    [cut] = ctx.boundaries(day(1), day(31))
    daily = [bought("0.001", day(number)) for number in range(1, 32)]
    summed = [
        bought("0.009", day(1), last_day=day(cut.day - 1), lines=9),
        bought("0.022", cut, last_day=day(31), lines=22),
    ]
    assert priced(daily, ctx) == priced(summed, ctx)
