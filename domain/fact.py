"""The base of every stored event, and the mark of a personal field.

A fact class is a storage format: it is read back for ten years, so a published version only ever gains
optional fields; anything else is a new class with the next `schema_version` and an upcaster beside it.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

Topic = Literal["provider-invoice", "billing-contract", "customer-invoice", "reference-data", "operations"]


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a string field as personal data: stored encrypted under the key of the fact's data subject."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The mark shows in the published JSON Schema as `"personal": true`."""
        return {**handler(schema), "personal": True}


PersonalText = Annotated[str, Personal()]
"""Text about a person: ciphertext in the store and on the topics, `[erased]` once the key is destroyed."""


class Part(BaseModel):
    """A frozen value inside a fact."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Fact(Part):
    """What happened, in the past tense, with all that a reader needs to follow without asking back."""

    type: ClassVar[str]
    """Stable stored name, such as `provider-invoice.activated`; never a module path."""
    schema_version: ClassVar[int] = 1

    def data_subject(self) -> str | None:
        """`kind/id` of the customer or person whose key encrypts the personal fields; None: it has none."""
        return None
