"""Money loses and invents nothing."""

from decimal import Decimal, getcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import EXACT, MINOR_UNITS, add, fixed, less, minor_units, plain, rounded, split, times, total
from domain.rejected import Rejected

amounts = st.decimals(min_value=Decimal(-(10**12)), max_value=Decimal(10**12), places=15)


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("2.005", "EUR", "2.01"),
        ("-2.005", "EUR", "-2.01"),
        ("2.0049999", "EUR", "2.00"),
        ("0.5", "JPY", "1"),
        ("-0.5", "JPY", "-1"),
        ("1.0005", "KWD", "1.001"),
        ("-0.001", "EUR", "0.00"),
        ("99999999999999999999999999999.995", "EUR", "100000000000000000000000000000.00"),
    ],
)
def test_rounding_is_half_away_from_zero_to_the_minor_unit(amount, currency, expected):
    assert format(rounded(Decimal(amount), currency), "f") == expected


@given(st.fractions(min_value=-(10**9), max_value=10**9))
def test_a_quotient_is_rounded_from_its_exact_value(quotient):
    result = rounded(quotient, "EUR")
    distance = abs(Fraction(result) - quotient)
    assert distance <= Fraction(1, 200)
    if distance == Fraction(1, 200):
        assert abs(result) > abs(quotient)


@given(st.lists(amounts, max_size=30))
def test_sums_are_exact_beyond_28_digits(values):
    assert Fraction(total(values)) == sum((Fraction(v) for v in values), Fraction(0))


def test_the_default_context_would_have_cut_what_ours_keeps():
    big, small = Decimal(99999999999999999999999), Decimal("0.000000000000001")
    assert getcontext().add(big, small) == big
    assert plain(add(big, small)) == "99999999999999999999999.000000000000001"
    assert times(big, small) == EXACT.multiply(big, small)


@given(
    st.decimals(min_value=-(10**9), max_value=10**9, places=2),
    st.lists(st.decimals(min_value=Decimal("0.01"), max_value=100, places=2), min_size=1, max_size=12),
)
def test_a_split_loses_and_invents_no_cent(amount, shares):
    parts = split(amount, shares, "EUR")
    assert total(parts) == amount
    assert all(p == rounded(p, "EUR") for p in parts)
    weight = sum(shares)
    for part, share in zip(parts, shares, strict=True):
        assert abs(Fraction(part) - Fraction(amount) * Fraction(share) / Fraction(weight)) < Fraction(1, 100)


def test_ties_of_a_split_go_to_the_first_listed_and_the_sign_is_put_back():
    assert split(Decimal("-0.01"), [Decimal(1), Decimal(1)], "EUR") == [Decimal("-0.01"), Decimal("0.00")]
    assert split(Decimal("100.00"), [Decimal(1)] * 3, "EUR") == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]


def test_currencies_are_those_of_iso_4217():
    assert (minor_units("JPY"), minor_units("EUR"), minor_units("KWD"), minor_units("HUF")) == (0, 2, 3, 2)
    assert all(len(code) == 3 and code.isupper() for code in MINOR_UNITS)
    with pytest.raises(Rejected, match="unknown-currency"):
        minor_units("XXX")


@pytest.mark.parametrize(
    ("amount", "text"),
    [("1.500", "1.5"), ("1E+3", "1000"), ("0E-9", "0"), ("-0.0", "0"), ("1E-15", "0.000000000000001")],
)
def test_plain_text_has_no_exponent_and_no_trailing_zeros(amount, text):
    assert plain(Decimal(amount)) == text


def test_fixed_text_has_exactly_the_currencys_digits_and_refuses_more():
    assert (fixed(Decimal("1.5"), "EUR"), fixed(Decimal(7), "JPY"), fixed(Decimal("1.5"), "KWD")) == (
        "1.50",
        "7",
        "1.500",
    )
    with pytest.raises(ValueError, match="more than the 2 decimals"):
        fixed(Decimal("1.005"), "EUR")


@given(amounts, amounts)
def test_a_difference_is_exact_where_a_minus_sign_is_not(one, other):
    large = Decimal("1234567890123456789012.123456789012345")
    assert less(add(large, one), large) == one
    assert less(one, one, other) == EXACT.minus(other)


def test_large_amounts_are_split_exactly():
    amount = Decimal("12345678901234567890123456789.01")
    assert add(*split(amount, [Decimal(1), Decimal(2)], "EUR")) == amount
