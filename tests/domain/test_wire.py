"""Field types hold what they must and refuse the rest."""

from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.money import times
from domain.provider_invoice.parts import KindSum, LineSums
from domain.wire import Exact, ExactProduct

EXACT = TypeAdapter(Exact)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1E-16", "1E40", "0." + "1" * 201])
def test_what_is_no_exact_amount_is_refused(text):
    with pytest.raises(ValidationError):
        EXACT.validate_python(text)


def test_a_product_of_two_exact_figures_has_room_and_no_more():
    product = times(Decimal("9" * 20 + "." + "9" * 15), Decimal("0." + "9" * 15))
    assert TypeAdapter(ExactProduct).validate_python(product) == product
    with pytest.raises(ValidationError, match="more than 30 decimals"):
        TypeAdapter(ExactProduct).validate_python("1E-31")


def test_sums_of_the_largest_lines_have_room():
    largest = Decimal("9" * 23 + "." + "9" * 15)
    one = LineSums(usage=KindSum(count=10_000, amount=largest))
    total = LineSums.of([one] * 50)
    assert total.usage.amount == times(largest, Decimal(50))
