"""JSON values out of text that ends anywhere: numbers keep their digits, a list's items come as they are whole."""

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from commands.ports.provider_files import FileRejected

Json: TypeAlias = Any
"""A parsed JSON value."""

_BLANK = " \t\r\n"


class NumberText(str):
    """The text of a JSON number, told apart from a JSON string."""

    __slots__ = ()


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


DECODER = json.JSONDecoder(parse_float=NumberText, parse_int=NumberText, parse_constant=_no_constant)
"""Gives numbers as NumberText; ValueError for NaN and Infinity."""


class ListReader:
    """Reads `[item, item, ...]` from texts that end anywhere."""

    def __init__(
        self, texts: Iterator[str], longest: int, fault: Callable[[int, str | None, str], FileRejected]
    ) -> None:
        self._texts = texts
        self._longest = longest
        self._fault = fault
        self._buffer = ""
        self._at = 0

    def items(self) -> Iterator[Json]:
        """Give the items; FileRejected when it is no list, cut off, or followed by something."""
        line = 1
        if self._next_sign() != "[":
            raise self._fault(line, None, "cannot be read: the body must be a JSON list of lines")
        self._at += 1
        sign = self._next_sign()
        if sign == "]":
            self._at += 1
        while sign != "]":
            yield self._item(line)
            sign = self._next_sign()
            if sign not in {",", "]"}:
                raise self._fault(
                    line, None, "is not followed by a comma or the list's end: the body is cut off or no JSON"
                )
            self._at += 1
            line += 1
        if self._next_sign():
            raise self._fault(line, None, "stands behind the end of the list")

    def _more(self) -> bool:
        text = next(self._texts, None)
        if text is None:
            return False
        self._buffer, self._at = self._buffer[self._at :] + text, 0
        return True

    def _next_sign(self) -> str:
        while True:
            while self._at < len(self._buffer) and self._buffer[self._at] in _BLANK:
                self._at += 1
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def _item(self, line: int) -> Json:
        self._next_sign()
        while True:
            try:
                item, end = DECODER.raw_decode(self._buffer, self._at)
            except (ValueError, RecursionError) as error:
                waiting = len(self._buffer) - self._at
                if waiting > self._longest or not self._more():
                    shown = self._buffer[self._at : self._at + 80]
                    raise self._fault(line, None, f"is no valid JSON ({str(error)[:100]}): {shown!r}") from error
                continue
            if isinstance(item, dict) or end < len(self._buffer):  # a bare number may go on in the next text
                self._at = end
                return item
            if not self._more():
                self._at = end
                return item
