"""Stored bytes for folds: facts through the event store's codec, documents with their ciphertext left in place."""

from collections.abc import Mapping

import orjson

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
        for name, version in FACTS:
            self._newest[name] = max(version, self._newest.get(name, 0))

    def fact(self, record: FeedRecord) -> Fact:
        """The fact; UnreadableEvent for one that this program can't read, or that has ciphertext."""
        return self._codec.decode(record.type, record.schema_version, record.data)

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
