from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from services.api.rendering import dumps, exact, money


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("10000", "EUR", "10000.00"),
        ("1E+3", "EUR", "1000.00"),
        ("-0.5", "EUR", "-0.50"),
        ("-0", "EUR", "0.00"),
        ("12", "JPY", "12"),
        ("0.0", "JPY", "0"),
        ("1.5", "KWD", "1.500"),
        ("1.005", "EUR", "1.005"),
    ],
)
def test_totals_have_the_digits_of_their_currency(amount: str, currency: str, shown: str):
    assert money(Decimal(amount), currency) == shown


def test_exact_sums_have_no_exponent_and_no_trailing_zeros():
    assert exact(Decimal("20.520226728990000")) == "20.52022672899"
    assert exact(Decimal("1E+2")) == "100"
    assert exact(Decimal("0E-15")) == "0"


def test_json_of_dates_instants_and_decimals():
    value = {"d": date(2026, 1, 31), "i": datetime(2026, 1, 31, 12, tzinfo=UTC), "e": Decimal("1.50"), "s": {"b", "a"}}
    assert dumps(value) == b'{"d":"2026-01-31","i":"2026-01-31T12:00:00Z","e":"1.5","s":["a","b"]}'
