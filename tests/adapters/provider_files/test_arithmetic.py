"""Microsoft's formulas: what differs is warned about and imported all the same."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.provider_files import arithmetic
from commands.ports.provider_files import Limits
from services.demo.generator.columns import DAILY_RATED, NCE_RECONCILIATION
from tests.adapters.provider_files.given import report
from tests.adapters.provider_files.test_formats import DAILY, NCE, file


@pytest.mark.parametrize(
    ("formula", "factors", "amount"),
    [
        (arithmetic.daily, ("-0.015", "1", "1"), "-0.02"),
        (arithmetic.usage, ("-0.015", "1", "1"), "-0.01"),
        (arithmetic.daily, ("0.019", "1", "1"), "0.01"),
        (arithmetic.usage, ("0.0199", "1", "3"), "0.03"),
        (arithmetic.seats, ("10.019", "2", "1"), "20.02"),
        (arithmetic.seats, ("9.99", "-3", "1.1"), "-32.94"),
    ],
)
def test_rounddown_and_floor_differ_for_credits(formula, factors, amount):
    assert formula(*map(Decimal, factors)) == Decimal(amount)


def daily(price: str, quantity: str, rate: str, amount: str) -> bytes:
    line = {
        **DAILY,
        "EffectiveUnitPrice": price,
        "Quantity": quantity,
        "PCToBCExchangeRate": rate,
        "BillingPreTaxTotal": amount,
    }
    return file(DAILY_RATED, {**DAILY}, line)


def nce(price: str, quantity: str, rate: str, amount: str, meter: str) -> bytes:
    line = {
        **NCE, "EffectiveUnitPrice": price, "BillableQuantity": quantity, "PCToBCExchangeRate": rate, "Subtotal": amount,
        "MeterDescription": meter,
    }  # fmt: skip
    return file(NCE_RECONCILIATION, {**NCE}, line)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (daily("-0.015", "1", "1", "-0.02"), None),
        (daily("-0.015", "1", "1", "-0.01"), "-0.02"),
        (nce("-0.015", "1", "1", "-0.01", "meter"), None),
        (nce("-0.015", "1", "1", "-0.02", "meter"), "-0.01"),
        (nce("10.019", "2", "1", "20.02", ""), None),
        (nce("10.019", "2", "1", "20.03", ""), "20.02"),
        (nce("10.019", "2", "", "20.03", ""), None),
        (daily("123456789012.5", "1000000", "1", "123456789012500000"), None),
        (daily("123456789012.5", "1000000", "1", "123456789012500000.01"), "123456789012500000"),
    ],
)
def test_a_difference_is_a_warning_with_both_figures(content, expected):
    seen = report(content)
    assert seen.rows == 2
    assert [warning.expected for warning in seen.warnings] == ([] if expected is None else [Decimal(expected)])
    for warning in seen.warnings:
        assert (warning.line, warning.code) == (2, "line-arithmetic")
        assert str(expected) in warning.message
        assert f"{warning.found.normalize():f}" in warning.message


def test_warnings_are_capped_and_counted():
    wrong = {**DAILY, "BillingPreTaxTotal": "9"}
    seen = report(file(DAILY_RATED, *[wrong] * 25), limits=Limits(max_warnings=10))
    assert (len(seen.warnings), seen.warnings_total) == (10, 25)


FACTOR = st.decimals(Decimal(-(10**8)), Decimal(10**8), places=6)


@settings(max_examples=30, deadline=None)
@given(
    lines=st.lists(
        st.tuples(FACTOR, FACTOR, st.decimals(Decimal("0.01"), Decimal(9), places=4)), min_size=1, max_size=8
    )
)
def test_columns_agree_with_the_formulas(lines):
    rows = [
        {
            **DAILY, "EffectiveUnitPrice": f"{price:f}", "Quantity": f"{quantity:f}", "PCToBCExchangeRate": f"{rate:f}",
            "BillingPreTaxTotal": f"{arithmetic.daily(price, quantity, rate):f}",
        }
        for price, quantity, rate in lines
    ]  # fmt: skip
    assert report(file(DAILY_RATED, *rows)).warnings_total == 0


def test_a_warning_tells_every_digit_of_a_long_amount():
    amount = "12345678901234567890123.123456789012345"
    (warning,) = report(daily("1", "1", "1", amount)).warnings
    assert amount in warning.message
