"""One sample of any fact class, always the same: every field filled, so that nothing of a format goes unseen.

Values are found by the fields' types; where a text has a pattern or a rule, the first of some candidates that passes it
is taken. Rules over several fields are met by `SPECIAL`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin
from uuid import uuid5

from pydantic import BaseModel, TypeAdapter, ValidationError

from domain.fact import Fact
from domain.identity import NAMESPACE
from domain.pricing import rule
from domain.provider_invoice import parts
from domain.reference import bodies, invoice_bodies
from domain.rejected import Rejected

M = TypeVar("M", bound=BaseModel)

TEXTS = ("sample ü", "SAMPLE-1", "EUR", "DE", "Europe/Berlin", "sample@example.com", "https://example.com/x", "2026-01")
TEXTS += ("ab" * 32, "1", "import-summary")
SPECIAL: Mapping[type[BaseModel], Mapping[str, Any]] = {
    parts.Header: {"currency": "EUR", "total": Decimal("1234.50"), "period_to": date(2026, 2, 28)},
    bodies.Identifier: {"valid_from": date(2026, 1, 1), "valid_to": date(2026, 7, 1)},
    bodies.JobBody: {"code": "periodical-invoices"},
    invoice_bodies.ApprovalProcessBody: {"automatic": False},
    invoice_bodies.InvoiceNumberSeriesBody: {"pattern": "R-{year}-{n:05}"},
    rule.PricingRuleBody: {
        "price": {"family": "volume", "tiers": [{"up_to": "10", "unit_price": "1.5"}, {"unit_price": "1.25"}]},
        "customer": None,
        "product": None,
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2026, 7, 1),
    },
}
LEAVES: tuple[Any, ...] = (
    True,
    3,
    Decimal("12.345"),
    datetime(2026, 1, 31, 12, 30, 15, 123456, tzinfo=UTC),
    date(2026, 1, 31),
    time(2, 30),
    uuid5(NAMESPACE, "sample"),
    b"sample",
)


def sample(model: type[M]) -> M:
    """An instance with every field filled. TypeError, naming the field, for a type that this cannot make."""
    special = SPECIAL.get(model, {})
    values = {}
    for name, field in model.model_fields.items():
        if name in special:
            values[name] = special[name]
            continue
        kind = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        try:
            values[name] = _value(kind)
        except TypeError as error:
            raise TypeError(f"{model.__name__}.{name}: {error}") from error
    return model.model_validate(values)


def sample_fact(cls: type[Fact]) -> Fact:
    """A sample of a fact class."""
    return sample(cls)


def _value(kind: Any) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    bare = arguments[0] if origin is Annotated else kind
    if (
        origin is Annotated
        and get_origin(bare) is None
        and not (isinstance(bare, type) and issubclass(bare, BaseModel))
    ):
        return _passing(kind, _candidates(bare))
    if origin is Annotated:
        return _value(bare)
    if origin is Literal:
        return arguments[0]
    if origin in (Union, UnionType):
        return _value(next(argument for argument in arguments if argument is not NoneType))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return sample(kind)
    if origin is None:
        return _passing(kind, _candidates(kind))
    if issubclass(origin, Mapping):
        return {_value(arguments[0]): _value(arguments[1])}
    if issubclass(origin, Sequence | set | frozenset):
        return [_value(argument) for argument in arguments if argument is not Ellipsis]
    raise TypeError(f"no sample for {kind}")


def _candidates(kind: Any) -> Sequence[Any]:
    if kind is str or kind is Any:
        return TEXTS
    return [leaf for leaf in LEAVES if type(leaf) is kind]


def _passing(kind: Any, candidates: Sequence[Any]) -> Any:
    adapter = TypeAdapter(kind)
    for candidate in candidates:
        try:
            adapter.validate_python(candidate)
        except (ValidationError, Rejected):
            continue
        return candidate
    raise TypeError(f"no sample passes {kind}; add one to tests/support/samples.py")
