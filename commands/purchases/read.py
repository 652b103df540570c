"""Elements of a request read one by one: those of the wrong shape are told so, and refuse no other."""

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from commands.purchases.new import NewPurchase
from commands.purchases.post import Result

_NAMED = 3


def read(elements: Iterable[Any]) -> list[NewPurchase | Result]:
    """Each element (JSON bytes of a line, or a parsed value) as a purchase, or as the result that refuses it."""
    return [_one(element) for element in elements]


def _one(element: Any) -> NewPurchase | Result:  # noqa: ANN401 - whatever JSON holds
    try:
        if isinstance(element, bytes):
            return NewPurchase.model_validate_json(element)
        return NewPurchase.model_validate(element)
    except ValidationError as error:
        key = element.get("key") if isinstance(element, dict) else None
        return Result(key if isinstance(key, str) else None, "rejected", code="invalid", message=_said(error))


def _said(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    said = [f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}".removeprefix(": ") for e in found[:_NAMED]]
    more = len(found) - _NAMED
    return "; ".join(said)[:1000] + (f"; and {more} more" if more > 0 else "")
