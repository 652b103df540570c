"""A format as data: which column is which field, what decides kind and charge, how dates and numbers are written.

A mapping is a TOML file of this shape, built-in or a user's own. `extends` names a built-in format whose keys it
takes over; a table given here is merged into that one's, any other key replaces it.
"""

import tomllib
from collections.abc import Mapping as MappingABC
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from commands.ports.provider_files import Charge, FileRejected, LineKind

DateFormat = Literal["iso", "m/d/yyyy", "d/m/yyyy", "d.m.yyyy", "yyyymmdd"]
FieldName = Literal[
    "number", "customer", "product", "subscription", "charge_from", "charge_to", "quantity", "unit", "unit_price",
    "amount", "tax", "currency",
]  # fmt: skip
Arithmetic = Literal["none", "microsoft-nce-reconciliation", "microsoft-daily-rated"]
Condition = Literal["empty", "present"] | tuple[str, ...]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class Join(_Strict):
    """A field made of several columns; null ones are left out, null when all are."""

    join: Annotated[tuple[str, ...], Field(min_length=2)]
    separator: str = ":"


Source = Join | Annotated[Names, Field(min_length=1)]
"""One column, or alternatives of which the first that a line has counts, or a join."""


class Columns(_Strict):
    """Where each field of a line comes from."""

    customer: Source
    product: Source
    charge_from: Source
    amount: Source
    quantity: Source | None = None
    unit: Source | None = None
    unit_price: Source | None = None
    tax: Source | None = None
    currency: Source | None = None
    subscription: Source | None = None
    charge_to: Source | None = None
    number: Source | None = None


class Defaults(_Strict):
    """What a line has where its column is empty or missing."""

    unit: str | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None


class Dates(_Strict):
    """How dates are written, tried in this order, and whether `charge_to` is the last day or the one after it."""

    formats: tuple[DateFormat, ...] = ("iso", "m/d/yyyy")
    end: Literal["inclusive", "exclusive"] = "inclusive"


class Numbers(_Strict):
    """The decimal sign, and the grouping sign if there is one."""

    decimal: Literal[".", ","] = "."
    group: Literal["", ",", ".", " ", "'"] = ""

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.decimal == self.group:
            raise ValueError("decimal and group must differ")
        return self


class KindRule(_Strict):
    """All conditions of `when` hold: the line is of this kind."""

    is_: LineKind = Field(alias="is")
    when: dict[str, Condition]


class ChargeRule(_Strict):
    """All conditions of `when` hold: the line has this charge."""

    is_: Charge = Field(alias="is")
    when: dict[str, Condition]


class Kind(_Strict):
    """The first rule that holds decides; without a default a line that fits none is refused."""

    default: LineKind | None = None
    rules: tuple[KindRule, ...] = ()


class Charges(_Strict):
    """As `Kind`, for the charge."""

    default: Charge | None = None
    rules: tuple[ChargeRule, ...] = ()


class Split(_Strict):
    """Only lines whose column has one of the values belong to this invoice."""

    by: str
    value: Names


class FileShape(_Strict):
    """How the CSV is laid out: its delimiter, and lines to leave out before the header."""

    delimiter: Annotated[str, Field(pattern=r"^[\t !#-~]$")] = ","
    skip_lines: Annotated[int, Field(ge=0, le=100)] = 0


class Attributes(_Strict):
    """Columns that are kept nowhere but in the raw file."""

    drop: tuple[str, ...] = ()


class FormatMapping(_Strict):
    """A whole mapping; see the built-in ones for examples."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]
    title: str = ""
    extends: str | None = None
    detect: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    invoice_number: str | None = None
    customer_name: str | None = None
    product_name: str | None = None
    arithmetic: Arithmetic = "none"
    columns: Columns
    aliases: dict[str, Names] = Field(default_factory=dict)
    defaults: Defaults = Defaults()
    dates: Dates = Dates()
    numbers: Numbers = Numbers()
    kind: Kind = Kind(default="usage")
    charge: Charges = Charges(default="usage")
    attributes: Attributes = Attributes()
    split: Annotated[tuple[Split, ...], BeforeValidator(lambda v: (v,) if isinstance(v, MappingABC) else v)] = ()
    skip: tuple[dict[str, Condition], ...] = ()
    file: FileShape = FileShape()


def parse_mapping_text(text: str, *, name: str) -> dict[str, object]:
    """Read a mapping file's TOML; `name` is for the message. FileRejected `mapping-invalid` if it is none."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FileRejected("mapping-invalid", f"The mapping {name} is no valid TOML: {error}.") from error


def merged(base: MappingABC[str, object], over: MappingABC[str, object]) -> dict[str, object]:
    """`over` laid upon `base`: tables are merged one level deep, anything else is replaced."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, MappingABC) and isinstance(value, MappingABC) and key != "split":
            result[key] = {**below, **value}
        else:
            result[key] = value
    return result


def validated(content: MappingABC[str, object]) -> FormatMapping:
    """Check a mapping's content. FileRejected `mapping-invalid` naming each wrong key and what is wrong with it."""
    try:
        return FormatMapping.model_validate(content)
    except ValidationError as error:
        faults = dict.fromkeys(
            f"{'.'.join(str(part) for part in item['loc']) or 'mapping'}: {item['msg'].lower()}"
            for item in error.errors()
        )
        name = str(content.get("name", "without a name"))[:64]
        raise FileRejected(
            "mapping-invalid",
            f"The mapping {name} is not valid: {'; '.join(list(faults)[:8])}.",
        ) from error
