"""Lines by hand as JSON: a list, or one object a line (NDJSON), read while the body streams in.

Numbers are taken by their text, never through a binary float. An unknown field is refused.
"""

import codecs
import json
from collections.abc import Iterator, Sequence

import pyarrow as pa

from adapters.provider_files.batch import Batch
from adapters.provider_files.cells import counting
from adapters.provider_files.json_items import DECODER, Json, ListReader, NumberText
from adapters.provider_files.plan import Plan
from commands.ports.provider_files import FileRejected, Limits

TEXTS = ("kind", "charge", "customer", "product", "subscription", "charge_from", "charge_to", "unit", "currency")
NUMBERS = ("number", "quantity", "unit_price", "amount", "tax")
FIELDS = (*TEXTS, *NUMBERS)
_NEEDED = ("kind", "charge_from", "quantity", "amount")
_BATCH = 5_000


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
        try:
            arrays = {name: pa.array(columns[name], pa.string()) for name in plan.names}
            attributes = pa.array(ready, pa.string())
        except UnicodeEncodeError as error:
            line = first + _first_unwritable([*columns.values(), ready])
            raise self._fault(line, None, "holds half of a surrogate pair, which is no character") from error
        return Batch(
            table=pa.RecordBatch.from_pydict(arrays),
            rows=counting(first, len(ready)),
            controls=True,
            quotes=True,
            ready=attributes,
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
            if value is not None and (not isinstance(value, str) or (isinstance(value, NumberText) and name in TEXTS)):
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
            return DECODER.decode(text)
        except (ValueError, RecursionError) as error:
            raise self._fault(line, None, f"is no valid JSON ({str(error)[:100]}): {text[:80]!r}") from error

    def _of_list(self) -> Iterator[Json]:
        """A list's items, each as soon as it is whole; an item that is not yet whole waits for more text."""
        reader = ListReader(self._texts, self._limits.max_row_bytes, self._fault)
        yield from reader.items()


def _decoded(blocks: Iterator[bytes], path: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        for block in blocks:
            yield decoder.decode(block)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise FileRejected("encoding", f"{path} is not UTF-8 ({error.reason}): send it as UTF-8.", file=path) from error


def _shown(value: Json) -> str:
    return (value if isinstance(value, str) else json.dumps(value, default=str))[:80]


def _first_unwritable(columns: Sequence[Sequence[str | None]]) -> int:
    """The first row with a text that has no UTF-8."""
    for row, cells in enumerate(zip(*columns, strict=True)):
        if any(cell is not None and any("\ud800" <= sign <= "\udfff" for sign in cell) for cell in cells):
            return row
    return 0
