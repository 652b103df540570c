"""JSON as a caller must write it: one meaning only, exact numbers, bounded depth.

A number with a point is read as an exact decimal, never as a float, so `12.10` and `"12.10"` are the same amount.
Refused: NaN and Infinity, a key twice in one object, lone surrogates, the zero character, nesting below 64 levels.
"""

import json
import re
from decimal import Decimal
from typing import Any, Final

from services.api.problems import Problem

MAX_DEPTH: Final = 64
_BRACKETS: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|([\[{])|([\]}])', re.DOTALL)
_ZERO: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def loads(data: bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The value; Problem 400 `invalid-json` that says what and, for a syntax error, at which line and column."""
    if not data.strip():
        raise _invalid("The body is empty: send JSON")
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH:
        _expect_shallow(data)
    if b"\x00" in data or _ZERO.search(data):
        raise _invalid("The zero character (\\u0000) is not allowed")
    try:
        value = _DECODER.decode(data.decode("utf-8"))
    except UnicodeDecodeError as wrong:
        raise _invalid(f"Byte {wrong.start} is not UTF-8") from None
    except json.JSONDecodeError as wrong:
        raise _invalid(f"{wrong.msg} (line {wrong.lineno}, column {wrong.colno})") from None
    except (ValueError, RecursionError, ArithmeticError) as wrong:
        raise _invalid(str(wrong)[:200]) from None
    if _SURROGATE.search(data):
        _expect_unicode(value)
    return value


def canonical(value: object) -> bytes:
    """The bytes that digests of requests are over: keys sorted, no spaces, decimals as plain text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain).encode()


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"The key {key[:80]!r} stands twice in one object")
            seen.add(key)
    return result


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON number")


def _exact(text: str) -> Decimal:
    if len(text) > 400:  # noqa: PLR2004 - far beyond any amount, far below what is slow
        raise ValueError("A number has more than 400 characters")
    return Decimal(text)


def _whole(text: str) -> int:
    if len(text) > 400:  # noqa: PLR2004
        raise ValueError("A number has more than 400 characters")
    return int(text)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_exact, parse_int=_whole, parse_constant=_refuse
)


def _expect_shallow(data: bytes) -> None:
    depth = 0
    for match in _BRACKETS.finditer(data):
        if match.group(1):
            depth += 1
            if depth > MAX_DEPTH:
                raise _invalid(f"Objects and lists are nested deeper than {MAX_DEPTH} levels")
        elif match.group(2):
            depth -= 1


def _expect_unicode(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False, default=_plain).encode()
    except UnicodeEncodeError:
        raise _invalid("A text holds half of a surrogate pair") from None


def _invalid(detail: str) -> Problem:
    return Problem(400, "invalid-json", f"{detail}.")
