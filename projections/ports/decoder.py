"""The port that reads stored bytes: as a fact, or as a document whose personal fields stay ciphertext."""

from typing import Protocol

from domain.fact import Fact
from projections.ports.feed import FeedRecord
from projections.read_model import Document


class Decoder(Protocol):
    """Reads a record's bytes; old versions are upcast. Neither call decrypts: read models keep ciphertext."""

    def fact(self, record: FeedRecord, reads: frozenset[str] | None = None) -> Fact:
        """The fact; an error naming type and version when there is no such type or the bytes do not fit it.

        With `reads` only these fields have to be there; asking for another one is an AttributeError.
        """
        ...

    def document(self, record: FeedRecord) -> Document:
        """The fact's JSON."""
        ...
