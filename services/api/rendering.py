"""How values look in JSON, in one place.

Items, totals and headers are decimal strings with exactly their currency's digits (`money`); prices, quantities, costs
and exact sums have no exponent and no trailing zeros (`exact`). Dates are `YYYY-MM-DD`, instants RFC 3339 in UTC.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import orjson
from pydantic import BaseModel
from starlette.responses import Response

from domain.money import MINOR_UNITS, plain, rounded

TAX: Final = "not_computed"
"""All amounts are net; every document with money says so."""

_OPTIONS: Final = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def money(amount: Decimal, currency: str) -> str:
    """A total with exactly its currency's digits; one with more of them (an exact sum) is shown as it is."""
    digits = MINOR_UNITS.get(currency)
    text = str(amount)
    whole, _, decimals = text.partition(".")
    if len(decimals) == digits and decimals.isdecimal() and whole.lstrip("-").isdecimal() and not amount.is_zero():
        return text  # most amounts are as they should be
    if amount.is_zero():
        return format(Decimal(0).scaleb(-(digits or 0)), "f")
    if digits is None or amount != rounded(amount, currency):
        return plain(amount)
    return format(rounded(amount, currency), "f")


def exact(amount: Decimal) -> str:
    """A price, quantity, cost or exact sum."""
    return plain(amount)


def instant(value: datetime) -> str:
    """RFC 3339 in UTC, as in answers' headers and cursors."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _default(value: object) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, tuple):
        named = getattr(value, "_asdict", None)
        return named() if named else list(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def dumps(value: object) -> bytes:
    """JSON bytes; decimals that were not rendered as money are exact ones."""
    return orjson.dumps(value, default=_default, option=_OPTIONS)


class Json(Response):
    """A JSON answer that is written as it is given: nothing is validated a second time."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """The body's bytes."""
        return content if isinstance(content, bytes) else dumps(content)
