"""Shapes that the OpenAPI document names. Answers are written as they are, not validated against these."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """An answer: more fields may come with later versions."""

    model_config = ConfigDict(extra="allow")


class RequestBody(BaseModel):
    """A request: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class AvailableAction(Shape):
    """What this caller may do now; `code` is the rule that refuses it."""

    action: str
    allowed: bool
    code: str | None = None


class CommandAnswer(Shape):
    """What every command answers."""

    id: UUID
    version: int = Field(description="The aggregate's, as in `ETag`")
    position: int = Field(description="Pass it as `at_least` to a list that must show this command")
    status: str
    available_actions: list[AvailableAction]


class Resource(Shape):
    """What every resource has."""

    id: UUID
    version: int
    status: str
    available_actions: list[AvailableAction]


class UploadLine(BaseModel):
    """One line of an upload as JSON; what is left out is null, and `charge` is `usage`."""

    number: int | None = None
    kind: Literal["licence", "usage"]
    charge: Literal["usage", "purchase", "tax", "credit", "adjustment"] = "usage"
    customer: str | None = None
    product: str | None = None
    subscription: str | None = None
    charge_from: date
    charge_to: date | None = None
    quantity: str | None = None
    unit: str | None = None
    unit_price: str | None = None
    amount: str
    tax: str | None = None
    currency: str | None = None
    attributes: dict[str, str] | None = None


class Listed(Shape):
    """A page of a list."""

    items: list[dict[str, Any]]
    next_cursor: str | None
    total: int | None = Field(default=None, description="Exact; left out with `count=no`")


class BulkResult(Shape):
    """What became of one item."""

    index: int
    line: int | None = None
    code: str | None
    result: str = Field(description="created, updated, unchanged, rejected, skipped")
    id: UUID | None = None
    version: int | None = None
    error: dict[str, Any] | None = None


class BulkAnswer(Shape):
    """A result for every item; the good ones are done."""

    position: int
    total: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    skipped: int
    results: list[BulkResult]


class EventShape(Shape):
    """One stored event with its envelope."""

    position: int
    subject: str = Field(description="`kind/id`")
    version: int
    type: str
    schema_version: int
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    agent: str | None
    hash: str
    previous_hash: str
    data: dict[str, Any]
