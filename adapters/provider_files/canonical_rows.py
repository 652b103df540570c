"""From a batch to canonical rows: the bytes that are copied, digested, and can be had back from the database.

One rendering only: commas, newlines, null is nothing, references, unit and attributes always quoted, numbers without
exponent and end zeros, ISO dates. `COPY (SELECT ..., trim_scale(amount), ...) TO STDOUT (FORMAT csv, FORCE_QUOTE ...)`
gives the same bytes (see COPY_FORCE_QUOTE and COPY_NUMERIC in the port).
"""

import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from adapters.provider_files.attribute_cells import attribute_pieces, csv_text
from adapters.provider_files.batch import Batch
from adapters.provider_files.cells import (
    Arrow,
    CellFault,
    Piece,
    StringColumn,
    by_value,
    constant,
    first_row,
    joined,
    nulls,
    text_bytes,
)
from adapters.provider_files.date_cells import DateCells, DateReader
from adapters.provider_files.decimal_cells import DecimalCells, decimal_cells
from adapters.provider_files.line_class import Classes
from adapters.provider_files.mapping import FieldName
from adapters.provider_files.plan import Plan

_CURRENCY = re.compile(r"[A-Z]{3}")
_LARGEST_NUMBER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class CanonicalRows:
    """Rows ready to be cut into chunks; all columns are of the same length.

    `text` is each row with its newline, `numbers` its line number (int64), `currency` one text or a column.
    """

    text: StringColumn
    prefixed: StringColumn | None
    numbers: Arrow
    classes: Classes
    amounts: Arrow
    taxes: Arrow
    currency: str | StringColumn
    first_days: Arrow


class FieldFault(Exception):
    """A cell fault with the column that it is in."""

    def __init__(self, column: str, fault: CellFault) -> None:
        super().__init__(str(fault))
        self.column = column
        self.fault = fault


class RowWriter:
    """Writes the canonical rows of one file."""

    def __init__(self, plan: Plan, *, base: int, currency: str | None, prefix: bytes) -> None:
        self._plan = plan
        self._base = base
        self._currency = plan.mapping.defaults.currency or currency
        self._prefix = prefix.decode("utf-8")
        self._dates = DateReader(plan.mapping.dates.formats)

    def write(self, batch: Batch, classes: Classes) -> CanonicalRows:
        """Read every field of every row. FieldFault for the first cell, column by column, that can't be taken."""
        plan = self._plan
        numbers = self._numbers(batch)
        first, last = self._period(batch)
        quantity, price = self._decimals(batch, "quantity"), self._decimals(batch, "unit_price")
        amount, tax = self._decimals(batch, "amount", required=True), self._decimals(batch, "tax")
        currency = self._currencies(batch)
        pieces: list[Piece] = [numbers.cast(pa.string()), ",", *_class_pieces(classes), ","]
        for field in ("customer", "product", "subscription"):
            pieces += [*self._quoted(batch, field), ","]
        pieces += [first.text, ",", last.text, ","]
        pieces += [*_plain(quantity.text), ",", *self._quoted(batch, "unit"), ",", *_plain(price.text), ","]
        pieces += [*_plain(amount.text), ",", *_plain(tax.text), ",", currency, ","]
        pieces += [*self._attributes(batch, plan, first, last), "\n"]
        text = joined(pieces)
        return CanonicalRows(
            text=text,
            prefixed=pc.binary_join_element_wise(self._prefix, text, "") if self._prefix else None,
            numbers=numbers,
            classes=classes,
            amounts=amount.values,
            taxes=tax.values if tax.values.null_count < len(batch) else None,
            currency=currency,
            first_days=first.values,
        )

    def _numbers(self, batch: Batch) -> Arrow:
        rows = batch.rows
        given = batch.field(self._plan, "number")
        if given.null_count < len(batch):
            with _naming(self._plan.column("number")):
                rows = pc.coalesce(_whole_numbers(given), rows)
        return pc.add(rows, pa.scalar(self._base, pa.int64())) if self._base else rows

    def _period(self, batch: Batch) -> tuple[DateCells, DateCells]:
        start, end = batch.field(self._plan, "charge_from"), batch.field(self._plan, "charge_to")
        exclusive = self._plan.mapping.dates.end == "exclusive"
        with _naming(self._plan.column("charge_from")):
            _refuse_empty(start)
            first = self._dates.first_days(start)
        if end.null_count == len(end):
            return first, DateCells(first.text, first.values, None)
        with _naming(self._plan.column("charge_to")):
            if end.null_count:
                end_or_start = self._dates.last_days(end.drop_null(), exclusive=exclusive)
                last = _spread(end_or_start, end, first)
            else:
                last = self._dates.last_days(end, exclusive=exclusive)
            return first, _not_before(first, last, end, exclusive=exclusive)

    def _decimals(self, batch: Batch, field: FieldName, *, required: bool = False) -> DecimalCells:
        cells = batch.field(self._plan, field)
        with _naming(self._plan.column(field)):
            if required:
                _refuse_empty(cells)
            return decimal_cells(cells, self._plan.mapping.numbers)

    def _currencies(self, batch: Batch) -> str | StringColumn:
        cells = batch.field(self._plan, "currency")
        with _naming(self._plan.column("currency")):
            if cells.null_count:
                if self._currency is None:
                    raise CellFault("currency-missing", first_row(pc.is_null(cells)) or 0, "", "has no currency")
                cells = pc.fill_null(cells, self._currency)
            only = constant(cells)
            different, which = ([only], None) if only is not None else by_value(cells)
            for code, text in enumerate(different):
                if _CURRENCY.fullmatch(text) is None:
                    row = 0 if which is None else pc.index(which, pa.scalar(code, which.type)).as_py()
                    raise CellFault("not-a-currency", row, text, "is not a currency code such as EUR")
            return cells if only is None else only

    def _quoted(self, batch: Batch, field: FieldName) -> list[Piece]:
        cells = batch.field(self._plan, field)
        count = len(cells)
        if cells.null_count == count:
            default = self._plan.mapping.defaults.unit if field == "unit" else None
            return [f'"{default.replace(chr(34), chr(34) * 2)}"'] if default else []
        with _naming(self._plan.column(field)):
            cells = csv_text(_trimmed(cells), quotes=batch.quotes, controls=batch.controls)
        if field == "unit" and cells.null_count and self._plan.mapping.defaults.unit:
            cells = pc.fill_null(cells, self._plan.mapping.defaults.unit.replace('"', '""'))
        only = constant(cells)
        if only is not None:
            return [f'"{only}"']
        if cells.null_count == count:
            return []
        return [pc.binary_join_element_wise('"', cells, '"', "")] if cells.null_count else ['"', cells, '"']

    def _attributes(self, batch: Batch, plan: Plan, first: DateCells, last: DateCells) -> list[Piece]:
        if batch.ready is not None:
            return ['"', pc.replace_substring(batch.ready, '"', '""'), '"']
        timed = {plan.column("charge_from"): first.timed, plan.column("charge_to"): last.timed}
        columns = []
        for name in plan.attributes:
            cells = batch.column(name)
            if name in plan.timed:
                cells = nulls(len(batch)) if timed.get(name) is None else pc.if_else(timed[name], cells, None)
            columns.append((name, cells))
        with _naming("the other columns"):
            return attribute_pieces(columns, quotes=batch.quotes, controls=batch.controls)


class _naming:  # noqa: N801 - reads as a clause: with _naming(column)
    """Puts the column's name to a cell fault."""

    def __init__(self, column: str) -> None:
        self._column = column

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, CellFault):
            raise FieldFault(self._column, error) from error


def _plain(text: StringColumn) -> list[Piece]:
    return [] if text.null_count == len(text) else [text]


def _class_pieces(classes: Classes) -> list[Piece]:
    texts = [f"{one.kind},{one.charge}" for one in classes.classes]
    return [texts[0] if classes.which is None else pa.array(texts, pa.string()).take(classes.which)]


def _refuse_empty(cells: StringColumn) -> None:
    if cells.null_count:
        raise CellFault("cell-empty", first_row(pc.is_null(cells)) or 0, "", "is empty")


def _trimmed(cells: StringColumn) -> StringColumn:
    """References without blanks around them; null when nothing is left."""
    data = text_bytes(cells)
    if data.isascii() and not any(blank in data for blank in (b" ", b"\t", b"\n", b"\r", b"\v", b"\f")):
        return cells
    trimmed = pc.utf8_trim_whitespace(cells)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def _whole_numbers(cells: StringColumn) -> Arrow:
    good = pc.fill_null(pc.match_substring_regex(cells, r"^[1-9][0-9]{0,9}$"), True)
    row = first_row(pc.invert(good))
    if row is None:
        numbers = cells.cast(pa.int64())
        row = first_row(pc.fill_null(pc.greater(numbers, _LARGEST_NUMBER), False))
        if row is None:
            return numbers
    raise CellFault("not-a-number", row, cells[row].as_py(), f"is no line number from 1 to {_LARGEST_NUMBER}")


def _spread(some: DateCells, cells: StringColumn, otherwise: DateCells) -> DateCells:
    """Dates of the cells that have one, the other line's date elsewhere."""
    there = pc.is_valid(cells)
    count = len(cells)
    text = (
        some.text if not isinstance(some.text, str) else pa.repeat(pa.scalar(some.text, pa.string()), len(some.values))
    )
    other = (
        otherwise.text
        if not isinstance(otherwise.text, str)
        else pa.repeat(pa.scalar(otherwise.text, pa.string()), count)
    )
    timed = None
    if some.timed is not None:
        timed = pc.replace_with_mask(pa.repeat(pa.scalar(False), count), there, some.timed)
    return DateCells(
        pc.replace_with_mask(other, there, text), pc.replace_with_mask(otherwise.values, there, some.values), timed
    )


def _not_before(first: DateCells, last: DateCells, cells: StringColumn, *, exclusive: bool) -> DateCells:
    """Refuse a period that ends before it begins; an empty exclusive one (start = end) is its one day."""
    early = pc.less(last.values, first.values)
    row = first_row(early)
    if row is None:
        return last
    one_day = pa.scalar(1, pa.int64())
    gap = pc.subtract(first.values.cast(pa.int32()).cast(pa.int64()), last.values.cast(pa.int32()).cast(pa.int64()))
    wrong = first_row(pc.greater(gap, one_day if exclusive else pa.scalar(0, pa.int64())))
    if wrong is not None:
        raise CellFault("period-reversed", wrong, cells[wrong].as_py() or "", "is before the start of the period")
    count = len(cells)
    texts = [
        one if not isinstance(one, str) else pa.repeat(pa.scalar(one, pa.string()), count)
        for one in (first.text, last.text)
    ]
    return DateCells(pc.if_else(early, *texts), pc.if_else(early, first.values, last.values), last.timed)
