"""Stored bytes for folds: facts through the event store's codec, documents with their ciphertext left in place."""

from collections.abc import Callable, Mapping
from typing import cast

import orjson
from pydantic import ConfigDict, ValidationError, create_model

from adapters.event_store.codec import Codec, UnreadableEvent
from adapters.event_store.upcasting import UPCASTERS, Upcaster
from domain.fact import Fact
from domain.facts import FACTS
from projections.ports.feed import FeedRecord
from projections.read_model import Document


class StoredDecoder:
    """See `projections.ports.decoder`. It has no key vault: what a read model folds as a fact has nothing personal."""

    def __init__(self, upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS) -> None:
        self._codec = Codec()
        self._upcasters = upcasters
        self._newest: dict[str, int] = {}
        self._parts: dict[tuple[str, frozenset[str]], Callable[[bytes], Fact]] = {}
        for name, version in FACTS:
            self._newest[name] = max(version, self._newest.get(name, 0))

    def fact(self, record: FeedRecord, reads: frozenset[str] | None = None) -> Fact:
        """The fact; UnreadableEvent for one that this program can't read, or that has ciphertext."""
        if reads is not None and record.schema_version == self._newest.get(record.type):
            return self._part(record, reads)
        return self._codec.decode(record.type, record.schema_version, record.data)

    def _part(self, record: FeedRecord, reads: frozenset[str]) -> Fact:
        part = self._parts.get((record.type, reads))
        if part is None:
            part = self._parts[record.type, reads] = _part_of(FACTS[record.type, record.schema_version], reads)
        try:
            return part(record.data)
        except ValidationError as error:
            raise UnreadableEvent(
                f"{record.type} version {record.schema_version} does not fit its class: {error}"
            ) from error

    def document(self, record: FeedRecord) -> Document:
        """The fact's JSON, lifted to the newest version; UnreadableEvent for a version newer than this program."""
        version, newest = record.schema_version, self._newest.get(record.type, 0)
        if version > newest:
            raise UnreadableEvent(f"{record.type} version {version} cannot be read: this program reads up to {newest}")
        document = orjson.loads(record.data)
        while version < newest:
            document = self._upcasters[record.type, version](document)
            version += 1
        return dict(document)


def _part_of(cls: type[Fact], reads: frozenset[str]) -> Callable[[bytes], Fact]:
    """Reads some fields of a fact class, as the class would, and passes over the others."""
    fields = {name: (info.rebuild_annotation(), info) for name, info in cls.model_fields.items() if name in reads}
    part = create_model(f"Part of {cls.__name__}", __config__=ConfigDict(extra="ignore"), **fields)  # type: ignore[call-overload]  # made of another model's fields
    return cast("Callable[[bytes], Fact]", part.__pydantic_validator__.validate_json)
