"""Lines by hand as JSON: a list, or one object a line (NDJSON), read while the body streams in.

Numbers are taken by their text, never through a binary float. An unknown field is refused.
"""

import codecs
import json
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pyarrow as pa

from adapters.provider_files.batch import Batch
from adapters.provider_files.cells import StringColumn, counting
from adapters.provider_files.plan import Plan
from commands.ports.provider_files import FileRejected, Limits

TEXTS = ("kind", "charge", "customer", "product", "subscription", "charge_from", "charge_to", "unit", "currency")
NUMBERS = ("number", "quantity", "unit_price", "amount", "tax")
FIELDS = (*TEXTS, *NUMBERS)
_NEEDED = ("kind", "charge_from", "quantity", "amount")
_BATCH = 5_000
_BLANK = " \t\r\n"


Json: TypeAlias = Any
"""A parsed JSON value."""


class _NumberText(str):
    """The text of a JSON number, told apart from a JSON string."""

    __slots__ = ()


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_float=_NumberText, parse_int=_NumberText, parse_constant=_no_constant)


class JsonSource:
    """Lines of a JSON or NDJSON body."""

    def __init__(self, blocks: Iterator[bytes], path: str, limits: Limits, *, one_a_line: bool) -> None:
        self.header = list(FIELDS)
        self._path = path
        self._limits = limits
        self._texts = _decoded(blocks, path)
        self._items = self._of_lines() if one_a_line else self._of_list()
        self._rows = 0

    @property
    def rows(self) -> int:
        """Lines seen so far."""
        return self._rows

    def batches(self, plan: Plan) -> Iterator[Batch]:
        """The lines. FileRejected `line-invalid` names the line and the field."""
        columns: dict[str, list[str | None]] = {name: [] for name in FIELDS}
        ready: list[str] = []
        for item in self._items:
            self._append(item, self._rows + len(ready) + 1, columns, ready)
            if len(ready) == _BATCH:
                yield self._batch(columns, ready, plan)
                columns, ready = {name: [] for name in FIELDS}, []
        if ready:
            yield self._batch(columns, ready, plan)

    def _batch(self, columns: dict[str, list[str | None]], ready: list[str], plan: Plan) -> Batch:
        first = self._rows + 1
        self._rows += len(ready)
        return Batch(
            table=pa.RecordBatch.from_pydict({name: pa.array(columns[name], pa.string()) for name in plan.names}),
            rows=counting(first, len(ready)),
            controls=True,
            quotes=True,
            ready=_texts(ready),
        )

    def _append(self, item: Json, line: int, columns: dict[str, list[str | None]], ready: list[str]) -> None:
        if not isinstance(item, dict):
            raise self._fault(line, None, "is not a JSON object with the fields of a line")
        unknown = [str(name) for name in item if name not in columns and name != "attributes"]
        if unknown:
            raise self._fault(
                line,
                unknown[0],
                f"has unknown fields: {', '.join(unknown)[:120]}; known are {', '.join(FIELDS)}, attributes",
            )
        missing = [name for name in _NEEDED if item.get(name) in (None, "")]
        if missing:
            raise self._fault(line, missing[0], f"lacks {', '.join(missing)}")
        for name, cells in columns.items():
            value = item.get(name)
            if value is not None and (not isinstance(value, str) or (isinstance(value, _NumberText) and name in TEXTS)):
                wanted = "a string" if name in TEXTS else "a number, or a string holding one"
                raise self._fault(line, name, f"has no valid {name} ({_shown(value)}): it must be {wanted}")
            cells.append(str(value) if value else None)
        ready.append(self._attributes(item.get("attributes"), line))

    def _attributes(self, given: Json, line: int) -> str:
        if given is None:
            return "{}"
        if not isinstance(given, dict):
            raise self._fault(line, "attributes", "has attributes that are no JSON object")
        pairs = {}
        for name, value in given.items():
            if value is None or value == "":
                continue
            if isinstance(value, dict | list):
                raise self._fault(
                    line, f"attributes.{name[:60]}", "has nested attributes: give texts, numbers, true or false"
                )
            pairs[name] = str(value) if isinstance(value, str) else json.dumps(value)
        text = json.dumps(pairs, ensure_ascii=False, separators=(",", ":"))
        if "\\u0000" in text and any("\x00" in part for pair in pairs.items() for part in pair):
            raise self._fault(line, "attributes", "holds a NUL character")
        return text

    def _fault(self, line: int, column: str | None, why: str) -> FileRejected:
        return FileRejected(
            "line-invalid", f"{self._path}, line {line} {why}.", file=self._path, line=line, column=column
        )

    def _of_lines(self) -> Iterator[Json]:
        rest, line = "", 0
        for text in self._texts:
            *whole, rest = (rest + text).split("\n")
            for one in whole:
                if one.strip():
                    line += 1
                    yield self._parsed(one, line)
            if len(rest) > self._limits.max_row_bytes:
                raise self._fault(line + 1, None, f"is longer than {self._limits.max_row_bytes:,} characters")
        if rest.strip():
            yield self._parsed(rest, line + 1)

    def _parsed(self, text: str, line: int) -> Json:
        try:
            return _DECODER.decode(text)
        except (ValueError, RecursionError) as error:
            raise self._fault(line, None, f"is no valid JSON ({str(error)[:100]}): {text[:80]!r}") from error

    def _of_list(self) -> Iterator[Json]:
        """A list's items, each as soon as it is whole; an item that is not yet whole waits for more text."""
        reader = _ListReader(self._texts, self._limits.max_row_bytes, self._fault)
        yield from reader.items()


class _ListReader:
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
                item, end = _DECODER.raw_decode(self._buffer, self._at)
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


def _decoded(blocks: Iterator[bytes], path: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        for block in blocks:
            yield decoder.decode(block)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise FileRejected("encoding", f"{path} is not UTF-8 ({error.reason}): send it as UTF-8.", file=path) from error


def _texts(values: list[str]) -> StringColumn:
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        return pa.array([value.encode("utf-8", "replace").decode() for value in values], pa.string())


def _shown(value: Json) -> str:
    return (value if isinstance(value, str) else json.dumps(value, default=str))[:80]
