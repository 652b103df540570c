"""Types of request fields: dates, amounts and flags as a caller must write them, nothing guessed."""

from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool, StringConstraints, WithJsonSchema

from domain.wire import Exact


def _only_text(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if not isinstance(value, str):
        raise ValueError("must be a string, YYYY-MM-DD")  # noqa: TRY004 - pydantic takes ValueError
    return value


def _no_flag(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, bool):
        raise ValueError("must be a decimal, not true or false")  # noqa: TRY004 - pydantic takes ValueError
    return value


Day = Annotated[date, BeforeValidator(_only_text), WithJsonSchema({"type": "string", "format": "date"})]
"""A date as `YYYY-MM-DD`; never a number of seconds."""

Amount = Annotated[
    Exact,
    BeforeValidator(_no_flag),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}, {"type": "number"}],
            "description": "Exact decimal, best as a string",
            "examples": ["1234.50"],
        }
    ),
]
"""An exact decimal, as a string or a JSON number (which is read exactly too)."""

Flag = StrictBool
Currency = Annotated[str, StringConstraints(min_length=3, max_length=3), Field(examples=["EUR"])]
ReasonText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
"""Why something is waived or undone."""
