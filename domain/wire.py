"""Field types of facts and answers: decimals as plain strings, instants in UTC, dates as written."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, PlainSerializer

from domain.money import EXACT, MAX_SCALE, plain

MAX_INTEGER_DIGITS = 40
"""Room for any sum: a line has at most 23 (what `numeric(38,15)` holds), an invoice at most 2**31 lines."""

MAX_DIGITS = 200
"""Longer texts of digits are refused before any arithmetic looks at them."""


def _bounded(value: Decimal) -> Decimal:
    return _within(value, MAX_SCALE)


def _bounded_product(value: Decimal) -> Decimal:
    return _within(value, 2 * MAX_SCALE)


def _bounded_result(value: Decimal) -> Decimal:
    return _within(value, 5 * MAX_SCALE)


def _within(value: Decimal, scale: int) -> Decimal:
    text = str(value)
    if len(text) <= MAX_SCALE and text.lstrip("-").replace(".", "", 1).isdecimal():
        return value  # most are short, and taking a number apart is not quick
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError("must be a finite number; NaN and Infinity are none")  # noqa: TRY004 - pydantic takes no other
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"has more than {MAX_DIGITS} digits")
    if -exponent > scale and _scale(value) > scale:
        raise ValueError(f"has more than {scale} decimals")
    if value.adjusted() >= MAX_INTEGER_DIGITS:
        raise ValueError(f"has more than {MAX_INTEGER_DIGITS} digits before the point")
    return value


def _scale(value: Decimal) -> int:
    """Decimals that count: trailing zeros are none."""
    exponent = value.normalize(EXACT).as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("needs a time zone, such as Z")
    return value.astimezone(UTC)


Exact = Annotated[Decimal, AfterValidator(_bounded), PlainSerializer(plain, return_type=str)]
"""A price, cost, quantity or exact sum: up to 15 decimals, a plain string in JSON."""

ExactProduct = Annotated[Decimal, AfterValidator(_bounded_product), PlainSerializer(plain, return_type=str)]
"""The product of two of these, such as a converted cost, or a sum of products: up to 30 decimals."""

ExactResult = Annotated[Decimal, AfterValidator(_bounded_result), PlainSerializer(plain, return_type=str)]
"""What an item comes to before it is rounded: a converted quantity or cost, times a price, less a percentage."""

Instant = Annotated[datetime, AfterValidator(_utc)]
"""A point in time, RFC 3339 in UTC."""
