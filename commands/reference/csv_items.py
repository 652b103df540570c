"""CSV files as items to load: a file whose columns are fields, or an `errors.csv` with its codes filled in."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from commands.csv_guard import unguarded
from commands.reference.bulk import MAX_ITEMS, Held, Item, Result
from commands.reference.csv_table import Row, Table, read_csv
from domain.identity import normal
from domain.reference.bodies import CustomerBody, ProductBody, ReferenceBody
from domain.reference.decisions import parse
from domain.reference.identifiers import with_identifier
from domain.reference.kinds import Kind
from domain.rejected import Rejected

ERRORS_COLUMNS: Final = (
    "kind",
    "provider",
    "reference",
    "code",
    "name",
    "lines",
    "first_lines",
    "amount",
    "currency",
    "hint",
)
"""The columns of `errors.csv`, by which it is recognised whatever their order."""

_NAME_LENGTH: Final = {"customer": 2000, "product": 200}
"""What a provider calls a thing may be longer than what we do; the name can be changed later."""
_NEEDED: Final = frozenset({"kind", "provider", "reference", "code"})


@dataclass(frozen=True, slots=True)
class CsvItems:
    """Items to load, and rows that are none, each with its reason."""

    items: tuple[Item, ...]
    skipped: tuple[Result, ...]


def items_of_csv(kind: Kind, data: bytes) -> CsvItems:
    """Read a CSV file for this kind; Rejected `csv-unreadable`, `unknown-column`, `missing-column` before any item."""
    table = read_csv(data, max_rows=MAX_ITEMS)
    if set(table.columns) >= _NEEDED and kind.has_identifiers:
        return _of_errors(kind, table)
    return _of_fields(kind, table)


def _of_errors(kind: Kind, table: Table) -> CsvItems:
    """Rows of another kind are skipped without a word, rows without a code are skipped and reported."""
    items: dict[str, Item] = {}
    added: dict[str, list[Row]] = {}
    skipped: list[Result] = []
    for index, marked in enumerate(table.rows):
        if marked.cells.get("kind") != kind.name:
            continue
        row = Row(marked.line, {column: unguarded(cell) for column, cell in marked.cells.items()})
        code = row.cells.get("code")
        if not code:
            reason = f"Line {row.line} has no code: fill in which {kind.name} {row.cells.get('reference')!r} is."
            skipped.append(Result(index, None, "skipped", line=row.line, error=Rejected("no-code", reason)))
            continue
        rows = added.setdefault(code, [])
        rows.append(row)
        if code not in items:
            items[code] = Item(index, code, change=_gains(kind, code, rows), line=row.line)
    return CsvItems(tuple(items.values()), tuple(skipped))


def _gains(kind: Kind, code: str, rows: list[Row]) -> Callable[[ReferenceBody | None, Held], ReferenceBody]:
    """An existing code gains the rows' identifiers on all days on which no other code holds them; a new one is made
    with the first row's name and currency.
    """

    def change(present: ReferenceBody | None, held: Held) -> ReferenceBody:
        for row in rows:
            if not row.cells.get("provider") or not row.cells.get("reference"):
                raise Rejected("invalid-body", f"Line {row.line} needs a provider and a reference.", kind="invalid")
        if present is None:
            new: dict[str, Any] = {"code": code, "name": (_first(rows, "name") or code)[: _NAME_LENGTH[kind.name]]}
            currency = _first(rows, "currency")
            if currency and kind.body is CustomerBody:
                new["currency"] = currency
            present = parse(kind, new)
        if not isinstance(present, CustomerBody | ProductBody):
            raise TypeError(f"{kind.name} has no identifiers")
        identifiers = present.identifiers
        for row in rows:
            provider, reference = normal(row.cells["provider"]), row.cells["reference"]
            identifiers = with_identifier(identifiers, provider, reference, held.get((provider, reference), ()))
        return parse(kind, {**present.model_dump(), "identifiers": [i.model_dump() for i in identifiers]})

    return change


def _first(rows: list[Row], column: str) -> str | None:
    return next((row.cells[column] for row in rows if row.cells.get(column)), None)


def _of_fields(kind: Kind, table: Table) -> CsvItems:
    """One column a field; lists and objects are written as JSON. An empty cell leaves the field at its default."""
    fields = kind.body.model_fields
    for column in table.columns:
        if column not in fields:
            raise Rejected(
                "unknown-column",
                f"{column[:80]!r} is no field of a {kind.name}: {', '.join(fields)} are.",
                kind="invalid",
                facts={"column": column[:80]},
            )
    required = [name for name, field in fields.items() if field.is_required() and name not in table.columns]
    if required:
        raise Rejected(
            "missing-column",
            f"The header lacks {', '.join(required)}.",
            kind="invalid",
            facts={"columns": required},
        )
    return CsvItems(tuple(_items(table.rows)), ())


def _items(rows: Iterator[Row]) -> Iterator[Item]:
    for index, row in enumerate(rows):
        body = {name: _value(cell) for name, cell in row.cells.items()}
        yield Item(index, row.cells.get("code", ""), body=body, line=row.line)


def _value(cell: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    if cell[0] in "[{":
        try:
            return json.loads(cell, parse_float=Decimal)
        except (ValueError, RecursionError):
            return cell
    return cell
