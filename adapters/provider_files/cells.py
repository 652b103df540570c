"""Small tools on columns of text: what every kind of cell needs."""

from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

Arrow: TypeAlias = Any
"""A pyarrow array, batch or scalar; the library has no types to check against."""

StringColumn: TypeAlias = Any
"""A pyarrow StringArray (one chunk)."""

Piece: TypeAlias = Any
"""Part of every row's text: a StringColumn without nulls, or one `str` that all rows share."""


class CellFault(Exception):
    """A cell that can't be taken: its row in the column, its text, and why (to be put behind the text)."""

    def __init__(self, code: str, row: int, text: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.row = row
        self.text = text
        self.why = why


def text_bytes(column: StringColumn) -> bytes:
    """All text of the column, joined: to look for a byte in one go. May hold text of nulls and neighbours."""
    buffer = column.buffers()[2]
    return b"" if buffer is None else buffer.to_pybytes()


def constant(column: StringColumn) -> str | None:
    """The text that all cells have, if they have one."""
    count = len(column)
    if not count or column.null_count:
        return None
    first = column[0]
    if column[count - 1] != first or not pc.all(pc.equal(column, first)).as_py():
        return None
    text: str = first.as_py()
    return text


def nulls(count: int) -> StringColumn:
    """A column in which nothing is."""
    return pa.nulls(count, pa.string())


def joined(pieces: list[Piece]) -> StringColumn:
    """Each row's pieces after one another; neighbouring constant ones are joined only once."""
    merged: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        elif not isinstance(piece, str) or piece:
            merged.append(piece)
    # Not null_handling="skip": pyarrow 26 loses a row in which everything is skipped.
    return pc.binary_join_element_wise(*merged, "", null_handling="replace", null_replacement="")


def first_row(mask: Arrow) -> int | None:
    """The first row where the mask is true."""
    row = pc.index(mask, pa.scalar(True)).as_py()
    return None if row < 0 else int(row)


def refuse_empty(column: StringColumn) -> None:
    """CellFault `cell-empty` for the first null."""
    if column.null_count:
        raise CellFault("cell-empty", first_row(pc.is_null(column)) or 0, "", "is empty")


def by_value(column: StringColumn) -> tuple[list[str], Arrow]:
    """The column's different texts, and for each row which one it is (null stays null)."""
    encoded = column.dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices


def counting(first: int, count: int) -> Arrow:
    """The whole numbers from `first` on, as int64."""
    global _counted  # noqa: PLW0603 - grown once to the longest block; making it anew costs more than a column
    if len(_counted) < count:
        _counted = pa.array(range(max(count, 2 * len(_counted))), pa.int64())
    return pc.add(_counted.slice(0, count), pa.scalar(first, pa.int64()))


_counted: Arrow = pa.array(range(16_384), pa.int64())
