"""How reference data is saved, retired and erased. Works on documents: what is encrypted stays encrypted."""

from typing import Final

from domain.facts import FACTS, TOPIC_OF_KIND
from domain.reference.events import Retired, Saved
from projections.ports.feed import FeedRecord
from projections.read_model import Document, ReadModel, document_steps, stream_id, there
from projections.reference_list.rows import REFERENCE, ReferenceRow

Maybe = ReferenceRow | None

PERSONAL_NAMES: Final = frozenset({"customer"})
"""Kinds whose name is personal data, and so no plain column."""


def _types(base: type) -> tuple[str, ...]:
    return tuple(
        sorted(
            type_
            for (type_, _), cls in FACTS.items()
            if issubclass(cls, base) and TOPIC_OF_KIND.get(type_.partition(".")[0]) == "reference-data"
        )
    )


def saved(row: Maybe, fact: Document, record: FeedRecord) -> ReferenceRow:
    """A new version of the body, whole; saving what was retired brings it back."""
    kind = record.subject.partition("/")[0]
    body = dict(fact["body"])
    return ReferenceRow(
        id=stream_id(fact, record),
        kind=kind,
        code=fact["code"],
        body_version=fact["version"],
        name=None if kind in PERSONAL_NAMES else body.get("name"),
        body=body,
        retired=False,
        retired_reason=None,
        erased=row.erased if row else False,
        created_at=row.created_at if row else record.occurred_at,
        created_position=row.created_position if row else record.position,
        saved_at=record.occurred_at,
        version=record.stream_version,
        position=record.position,
    )


def retired(row: Maybe, fact: Document, record: FeedRecord) -> ReferenceRow:
    """No longer in use; what refers to it keeps its meaning."""
    return there(row, record)._replace(
        retired=True,
        retired_reason=fact.get("reason"),
        body_version=fact["version"],
        saved_at=record.occurred_at,
        version=record.stream_version,
        position=record.position,
    )


def erased(row: Maybe, _fact: Document, record: FeedRecord) -> ReferenceRow:
    """The key is gone: the ciphertext in the body opens as `[erased]` from now on."""
    return there(row, record)._replace(
        erased=True, saved_at=record.occurred_at, version=record.stream_version, position=record.position
    )


REFERENCE_LIST: Final = ReadModel(
    name="reference_list",
    topics=frozenset({"reference-data"}),
    tables=(REFERENCE,),
    steps=(
        *document_steps(REFERENCE, _types(Saved), saved),
        *document_steps(REFERENCE, _types(Retired), retired),
        *document_steps(REFERENCE, ("customer.erased",), erased),
    ),
)
