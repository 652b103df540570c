"""A small CSV file as rows with line numbers: bounded, strict, and clear about what is wrong where."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from domain.rejected import Rejected

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_COLUMNS: Final = 200
MAX_CELL: Final = 200_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line it begins on (the header is line 1), and its cells by column, trimmed, empty ones left out."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """The header's columns in order, and the rows, read as they are iterated."""

    columns: tuple[str, ...]
    rows: Iterator[Row]


def read_csv(data: bytes, *, max_rows: int) -> Table:
    """Read UTF-8 CSV (BOM allowed; comma or semicolon, as the header shows) with a header.

    Rejected `csv-unreadable`, with `line` where there is one: another encoding, a quote that is not closed, a row with
    more or fewer cells than the header, a column without a name or twice; `too-many-items` above `max_rows`.
    """
    if len(data) > MAX_BYTES:
        raise _unreadable(f"The file has {len(data)} bytes, more than {MAX_BYTES}: send it in parts.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        raise _unreadable(f"Line {line} is not UTF-8: save the file as UTF-8.", line) from None
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise _unreadable(f"Line {line} holds a zero byte: this is no text file.", line)
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = _numbered(reader)
    header = next(rows, None)
    if header is None:
        raise _unreadable("The file is empty: the first line has to name the columns.")
    columns = tuple(name.strip() for name in header[1])
    _check_columns(columns)
    return Table(columns, _rows(rows, columns, max_rows))


def _numbered(reader: "Iterator[list[str]]") -> Iterator[tuple[int, list[str]]]:
    """Rows with the line that each begins on; empty lines are left out."""
    while True:
        line = reader.line_num + 1  # type: ignore[attr-defined]  # csv.reader has it, its protocol does not say so
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as wrong:
            raise _unreadable(f"The row that begins on line {line} can't be read: {wrong}.", line) from None
        if any(len(cell) > MAX_CELL for cell in cells):
            raise _unreadable(f"Line {line} has a cell of more than {MAX_CELL} characters.", line)
        if cells:
            yield line, cells


def _check_columns(columns: tuple[str, ...]) -> None:
    if len(columns) > MAX_COLUMNS:
        raise _unreadable(f"The header names {len(columns)} columns, more than {MAX_COLUMNS}.", 1)
    for position, name in enumerate(columns, 1):
        if not name:
            raise _unreadable(f"Column {position} has no name.", 1)
        if columns.count(name) > 1:
            raise _unreadable(f"Column {name[:80]!r} stands in the header twice.", 1)


def _rows(rows: Iterator[tuple[int, list[str]]], columns: tuple[str, ...], max_rows: int) -> Iterator[Row]:
    for count, (line, cells) in enumerate(rows, 1):
        if count > max_rows:
            raise Rejected(
                "too-many-items", f"The file has more than {max_rows} rows: send it in parts.", kind="invalid"
            )
        if len(cells) != len(columns):
            raise _unreadable(f"Line {line} has {len(cells)} cells, the header {len(columns)}.", line)
        yield Row(line, {name: cell.strip() for name, cell in zip(columns, cells, strict=True) if cell.strip()})


def _unreadable(detail: str, line: int | None = None) -> Rejected:
    return Rejected("csv-unreadable", detail, kind="invalid", facts={} if line is None else {"line": line})
