"""A provider's list of invoices: JSON or CSV, from a file or an HTTP endpoint, all of one shape.

JSON: a list of entries, or {"invoices": [...]}. CSV: a row for each file of an invoice, the header's values repeated;
columns number, date, period_from, period_to, currency, total, revision, tax_included, path, role, format, split_by,
split_value.
"""

import csv
import datetime as dt
import io
import json
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from adapters.provider_files.mapping import Split
from commands.ports.provider_files import ListNotFetched, Role

_COLUMNS = (
    "number", "date", "period_from", "period_to", "currency", "total", "revision", "tax_included", "path", "role",
    "format", "mapping", "split_by", "split_value",
)  # fmt: skip
_OF_FILE = ("path", "role", "format", "mapping")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _number(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())


def _text(value: object) -> object:
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


class ListedFile(_Strict):
    """A file of an invoice; `mapping` is the path of a mapping file beside the list, or its content."""

    path: Annotated[str, Field(min_length=1, max_length=1_000)]
    role: Role = "all"
    format: str | None = None
    mapping: str | dict[str, object] | None = None
    split: tuple[Split, ...] | Split = ()

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if self.format is not None and self.mapping is not None:
            raise ValueError("give a format or a mapping, not both")
        return self


class ListedInvoice(_Strict):
    """An entry of the list."""

    number: Annotated[str, AfterValidator(_number), Field(min_length=1, max_length=200)]
    date: dt.date
    period_from: dt.date
    period_to: dt.date
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    total: Annotated[Decimal, Field(max_digits=38, decimal_places=15, allow_inf_nan=False)]
    revision: Annotated[str, BeforeValidator(_text), Field(max_length=200)] = "1"
    tax_included: bool = True
    files: tuple[ListedFile, ...]

    @model_validator(mode="after")
    def _period(self) -> Self:
        if self.period_to < self.period_from:
            raise ValueError("period_to is before period_from")
        return self


class _List(_Strict):
    invoices: tuple[ListedInvoice, ...]


def parse_list(content: bytes, *, shape: Literal["json", "csv"]) -> tuple[ListedInvoice, ...]:
    """Read a list. ListNotFetched says what is wrong with it; an invoice listed twice is wrong."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ListNotFetched(f"The list could not be read: it is not UTF-8 ({error.reason}).") from error
    raw = _from_csv(text) if shape == "csv" else _from_json(text)
    try:
        invoices = _List.model_validate({"invoices": raw} if isinstance(raw, list) else raw).invoices
    except ValidationError as error:
        raise ListNotFetched(f"The list could not be read: {_faults(error)}.") from error
    numbers = [invoice.number for invoice in invoices]
    twice = (
        sorted({number for number in numbers if numbers.count(number) > 1}) if len(set(numbers)) < len(numbers) else []
    )
    if twice:
        raise ListNotFetched(f"The list could not be read: it has the invoice {', '.join(twice)[:200]} more than once.")
    return invoices


def _from_json(text: str) -> object:
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ListNotFetched(f"The list could not be read: it is no valid JSON ({str(error)[:120]}).") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _from_csv(text: str) -> list[dict[str, object]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    unknown = [name for name in reader.fieldnames or () if name not in _COLUMNS]
    if unknown:
        raise ListNotFetched(
            f"The list could not be read: unknown columns {', '.join(unknown)[:120]}; known are {', '.join(_COLUMNS)}."
        )
    entries: dict[str, dict[str, object]] = {}
    try:
        for row_number, row in enumerate(reader, start=1):
            if None in row or None in row.values():
                raise ListNotFetched(f"The list could not be read: row {row_number} does not fit its header.")
            _take_row(row, row_number, entries)
    except csv.Error as error:
        raise ListNotFetched(f"The list could not be read: it is no valid CSV ({error}).") from error
    return list(entries.values())


def _take_row(row: Mapping[str, str], row_number: int, entries: dict[str, dict[str, object]]) -> None:
    given = {name: value.strip() for name, value in row.items() if value.strip()}
    file: dict[str, object] = {name: given.pop(name) for name in _OF_FILE if name in given}
    split_by, split_value = given.pop("split_by", None), given.pop("split_value", None)
    if split_by or split_value:
        file["split"] = {"by": split_by, "value": split_value}
    entry = entries.setdefault(given.get("number", ""), {**given, "files": []})
    if {name: value for name, value in entry.items() if name != "files"} != given:
        raise ListNotFetched(
            f"The list could not be read: row {row_number} says other things about the invoice "
            f"{given.get('number', '')[:60]} than the row before."
        )
    files = entry["files"]
    if isinstance(files, list) and file:
        files.append(file)


def _faults(error: ValidationError) -> str:
    faults = dict.fromkeys(
        f"{'.'.join(str(part) for part in item['loc']) or 'list'}: {item['msg'].lower()}" for item in error.errors()
    )
    return "; ".join(list(faults)[:5])
