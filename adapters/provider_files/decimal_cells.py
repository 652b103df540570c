"""Columns of numbers: exact values and their one canonical text, fast for the way most files write them."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from adapters.provider_files.cells import Arrow, CellFault, StringColumn, by_value, nulls, text_bytes
from adapters.provider_files.mapping import Numbers
from adapters.provider_files.plain_decimal import plain_decimal

DECIMAL = pa.decimal128(38, 15)
_PLAIN = Numbers()
_SURE_LENGTH = 30  # pyarrow 26 casts 41 digits to a wrong number without a word; below this it is exact or it raises


@dataclass(frozen=True, slots=True)
class DecimalCells:
    """The same cells twice: as canonical text and as decimal128(38, 15). Nulls stay null."""

    text: StringColumn
    values: Arrow


def decimal_cells(column: StringColumn, style: Numbers) -> DecimalCells:
    """Read a column of numbers. CellFault `not-a-number` names the first cell that is none."""
    if column.null_count == len(column):
        return DecimalCells(nulls(len(column)), pa.nulls(len(column), DECIMAL))
    if style == _PLAIN:
        quick = _quickly(column)
        if quick is not None:
            return quick
    return _value_by_value(column, style)


def _quickly(column: StringColumn) -> DecimalCells | None:
    """For plain notation only; None when a cell is anything else, right or wrong."""
    data = text_bytes(column)
    if any(sign in data for sign in (b"e", b"E", b"+")):
        return None
    if pc.max(pc.binary_length(column)).as_py() > _SURE_LENGTH:
        return None
    try:
        values = column.cast(DECIMAL)
    except pa.ArrowInvalid:
        return None
    text = _without_end_zeros(column, data)
    return DecimalCells(text, values) if _is_canonical(text, data) else None


def _without_end_zeros(column: StringColumn, data: bytes) -> StringColumn:
    if b"." not in data:
        return column
    dotted = pc.match_substring(column, ".")
    if pc.all(dotted).as_py():
        return pc.ascii_rtrim(pc.ascii_rtrim(column, characters="0"), characters=".")
    return pc.if_else(dotted, pc.ascii_rtrim(pc.ascii_rtrim(column, characters="0"), characters="."), column)


def _is_canonical(text: StringColumn, data: bytes) -> bool:
    """No leading zero, no leading point, no minus before zero: those are left to the slower way."""
    signs = ("", "-") if b"-" in data else ("",)
    for sign in signs:
        zeros = _count(pc.starts_with(text, f"{sign}0"))
        if zeros != _count(pc.starts_with(text, f"{sign}0.")) + (0 if sign else _count(pc.equal(text, "0"))):
            return False
        if _count(pc.starts_with(text, f"{sign}.")):
            return False
    return True


def _count(mask: Arrow) -> int:
    return int(mask.true_count)


def _value_by_value(column: StringColumn, style: Numbers) -> DecimalCells:
    different, which = by_value(column)
    plain = []
    for code, text in enumerate(different):
        try:
            plain.append(plain_decimal(text, style))
        except ValueError as error:
            row = pc.index(which, pa.scalar(code, which.type)).as_py()
            raise CellFault("not-a-number", row, text, str(error)) from error
    texts = pa.array(plain, pa.string())
    return DecimalCells(texts.take(which), texts.cast(DECIMAL).take(which))


def exact_sum(values: Arrow) -> Arrow:
    """The exact sum of decimal128(38, 15) as Decimal; None for no value. Widened where 38 digits might not do."""
    if not len(values) or values.null_count == len(values):
        return None
    ends = pc.min_max(values).as_py()
    if max(abs(ends["min"]), abs(ends["max"])) >= _SAFE_SUM:
        values = values.cast(pa.decimal256(60, 15))
    return pc.sum(values).as_py()


_SAFE_SUM = 10**17  # a chunk's worth of smaller ones stays far within 23 digits before the point
