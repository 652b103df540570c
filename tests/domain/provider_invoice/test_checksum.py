"""The checksum's figures and its sentence."""

from decimal import Decimal

import pytest

from domain.provider_invoice.checksum import checksum_message, readable
from domain.provider_invoice.parts import KindSum, LineSums, Totals
from tests.support.provider_invoices import header, sums


def test_the_grand_sum_is_rounded_once():
    totals = Totals.of(header("20.52"), sums("20.52022672899"))
    assert (totals.grand, totals.difference) == (Decimal("20.52"), 0)


@pytest.mark.parametrize(("included", "grand"), [(True, "119.00"), (False, "100.00")])
def test_tax_counts_where_the_header_says_so(included, grand):
    lines = LineSums(
        usage=KindSum(count=1, amount=Decimal(100), tax=Decimal(10)), tax=KindSum(count=1, amount=Decimal(9))
    )
    assert Totals.of(header(tax_included=included), lines).grand == Decimal(grand)


def test_the_message_states_all_figures_and_what_to_do():
    totals = Totals.of(header("12000.00"), sums("11999.705", licence="0.0001", tax="1"))
    message = checksum_message(totals)
    for figure in ("12,000.71", "12000.7051", "licence 0.0001", "usage 11999.705", "tax 1 ", "12,000.00", "0.71"):
        assert figure in message
    assert message.endswith("That is too large to override: ask the provider for what is missing or wrong.")
    small = checksum_message(Totals.of(header("100.30"), sums()))
    assert small.endswith("It can be overridden on a manual sync or activation.")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234567.5", "EUR", "1,234,567.50"),
        ("-1234.5", "EUR", "-1,234.50"),
        ("-0.3", "EUR", "-0.30"),
        ("1234", "JPY", "1,234"),
    ],
)
def test_amounts_are_readable(amount, currency, text):
    assert readable(Decimal(amount), currency) == text
