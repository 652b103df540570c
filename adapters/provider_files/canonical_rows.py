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
    refuse_empty,
    text_bytes,
)
from adapters.provider_files.date_cells import DateCells, DateReader
from adapters.provider_files.decimal_cells import DecimalCells, decimal_cells
from adapters.provider_files.line_class import Classes
from adapters.provider_files.mapping import FieldName
from adapters.provider_files.periods import last_days
from adapters.provider_files.plan import Plan
from domain.reference.bodies import MAX_REFERENCE

_CURRENCY = re.compile(r"[A-Z]{3}")
_LARGEST_NUMBER = 2**31 - 1
_LIMIT = f"none above {_LARGEST_NUMBER:,}, and a part is numbered above those that are there: number them from 1"


@dataclass(frozen=True, slots=True)
class CanonicalRows:
    """Rows ready to be cut into chunks; all columns are of the same length.

    `text` is each row with its newline, `numbers` its line number (int64), `currency` one text or a column.
    `customers` and `products` are what the rows name, `amount_text` is `amounts` as it stands in the row.
    """

    text: StringColumn
    numbers: Arrow
    classes: Classes
    customers: StringColumn
    products: StringColumn
    amounts: Arrow
    amount_text: StringColumn
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

    def __init__(self, plan: Plan, *, base: int, currency: str | None) -> None:
        self._plan = plan
        self._base = base
        self._currency = plan.mapping.defaults.currency or currency
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
        customers, products = self._reference(batch, "customer"), self._reference(batch, "product")
        pieces += [*self._quoted(batch, "customer", customers), ",", *self._quoted(batch, "product", products), ","]
        subscriptions, units = _trimmed(batch.field(plan, "subscription")), _trimmed(batch.field(plan, "unit"))
        pieces += [*self._quoted(batch, "subscription", subscriptions), ","]
        pieces += [first.text, ",", last.text, ","]
        unit = self._quoted(batch, "unit", units, plan.mapping.defaults.unit)
        pieces += [*_plain(quantity.text), ",", *unit, ",", *_plain(price.text), ","]
        pieces += [*_plain(amount.text), ",", *_plain(tax.text), ",", currency, ","]
        pieces += [*self._attributes(batch, plan, first, last), "\n"]
        return CanonicalRows(
            text=joined(pieces),
            numbers=numbers,
            classes=classes,
            customers=customers,
            products=products,
            amounts=amount.values,
            amount_text=amount.text,
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
        numbers = pc.add(rows, pa.scalar(self._base, pa.int64())) if self._base else rows
        beyond = first_row(pc.greater(numbers, _LARGEST_NUMBER)) if self._base else None
        if beyond is not None:
            fault = CellFault(
                "line-number-too-large", beyond, "", f"would be line {numbers[beyond]}: an invoice has {_LIMIT}"
            )
            raise FieldFault(self._plan.column("number"), fault)
        return numbers

    def _period(self, batch: Batch) -> tuple[DateCells, DateCells]:
        start, end = batch.field(self._plan, "charge_from"), batch.field(self._plan, "charge_to")
        with _naming(self._plan.column("charge_from")):
            refuse_empty(start)
            first = self._dates.first_days(start)
        with _naming(self._plan.column("charge_to")):
            return first, last_days(self._dates, first, end, exclusive=self._plan.mapping.dates.end == "exclusive")

    def _decimals(self, batch: Batch, field: FieldName, *, required: bool = False) -> DecimalCells:
        cells = batch.field(self._plan, field)
        with _naming(self._plan.column(field)):
            if required:
                refuse_empty(cells)
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

    def _reference(self, batch: Batch, field: FieldName) -> StringColumn:
        """What resolves to one of our codes, trimmed: it must be a name that an identifier can have."""
        cells = batch.field(self._plan, field)
        with _naming(self._plan.column(field)):
            refuse_unnameable(cells, controls=batch.controls)
        return _trimmed(cells)

    def _quoted(self, batch: Batch, field: FieldName, cells: StringColumn, default: str | None = None) -> list[Piece]:
        if cells.null_count == len(cells) and not default:
            return []
        with _naming(self._plan.column(field)):
            cells = csv_text(cells, quotes=batch.quotes, controls=batch.controls)
        if cells.null_count and default:
            cells = pc.fill_null(cells, default.replace('"', '""'))
        only = constant(cells)
        if only is not None:
            return [f'"{only}"']
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


def _trimmed(cells: StringColumn) -> StringColumn:
    """References without blanks around them; null when nothing is left."""
    data = text_bytes(cells)
    if data.isascii() and not any(blank in data for blank in (b" ", b"\t", b"\n", b"\r", b"\v", b"\f")):
        return cells
    trimmed = pc.utf8_trim_whitespace(cells)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def refuse_unnameable(cells: StringColumn, *, controls: bool) -> None:
    """CellFault `reference-invalid` for what no identifier can be saved as: too long, or with a control character."""
    if not controls and (pc.max(pc.binary_length(cells)).as_py() or 0) <= MAX_REFERENCE:
        return
    trimmed = pc.utf8_trim_whitespace(cells)
    row = first_row(pc.fill_null(pc.greater(pc.utf8_length(trimmed), MAX_REFERENCE), False))
    if row is not None:
        raise CellFault("reference-invalid", row, cells[row].as_py(), f"has more than {MAX_REFERENCE} characters")
    row = first_row(pc.fill_null(pc.match_substring_regex(trimmed, r"[\x01-\x1f\x7f]"), False)) if controls else None
    if row is not None:
        raise CellFault("reference-invalid", row, cells[row].as_py(), "has a tab or another control character in it")


def _whole_numbers(cells: StringColumn) -> Arrow:
    good = pc.fill_null(pc.match_substring_regex(cells, r"^[1-9][0-9]{0,9}$"), True)
    row = first_row(pc.invert(good))
    if row is None:
        numbers = cells.cast(pa.int64())
        row = first_row(pc.fill_null(pc.greater(numbers, _LARGEST_NUMBER), False))
        if row is None:
            return numbers
    raise CellFault("not-a-number", row, cells[row].as_py(), f"is no line number from 1 to {_LARGEST_NUMBER}")
