"""Histories and states as they were: what operators and auditors read of one aggregate."""

from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Query
from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response

from commands.ports.event_store import History, Recorded
from domain.identity import Stream
from domain.wire import Instant
from services.api.call import Call
from services.api.problems import Problem
from services.api.rendering import Json, instant

MAX_EVENTS: Final = 1000
_INSTANT: Final[TypeAdapter[datetime]] = TypeAdapter(Instant)

AsOf = Annotated[
    str | None,
    Query(max_length=64, description="The state as it was: a version, or an instant such as 2026-01-31T12:00:00Z"),
]
AfterVersion = Annotated[int, Query(ge=0, le=2**62, description="Events above this version")]
EventsLimit = Annotated[int, Query(ge=1, le=MAX_EVENTS)]


def event_view(event: Recorded) -> dict[str, Any]:
    """A stored event as JSON: the envelope, the data as decoded (personal fields opened), and both hashes."""
    return {
        "position": event.position,
        "id": event.event_id,
        "subject": str(event.stream),
        "version": event.version,
        "record_key": event.record_key,
        "type": event.type,
        "schema_version": event.schema_version,
        "occurred_at": instant(event.occurred_at),
        "recorded_at": instant(event.recorded_at),
        "business_date": event.business_date,
        "zone": event.zone,
        "actor": event.actor,
        "agent": event.agent,
        "command_id": event.command_id,
        "correlation_id": event.correlation_id,
        "causation_id": event.causation_id,
        "traceparent": event.traceparent,
        "commit": {"id": event.commit_id, "size": event.commit_size},
        "previous_hash": event.previous_hash,
        "hash": event.hash,
        "data": event.fact.model_dump(mode="json"),
    }


async def history_answer(call: Call, stream: Stream, after: int, limit: int) -> Response:
    """The events of one aggregate, with who, when and why; `next_after` is None when that was all."""
    events = await call.parts.store.history(stream, after=after, limit=limit)
    if not events and not (await call.parts.store.load(stream)).version:
        raise Problem(404, "not-found", f"There is no {stream.kind} with this id.")
    return Json(
        {
            "items": [event_view(event) for event in events],
            "next_after": events[-1].version if len(events) == limit else None,
        }
    )


async def history_of(call: Call, stream: Stream, as_of: str | None) -> History:
    """The stream as it is, or as it was; Problem 403 for a state as it was without the role, 400 for no such moment."""
    store = call.parts.store
    if as_of is None:
        return await store.load(stream)
    call.caller.require("as-of.read")
    if as_of.isdecimal() and len(as_of) < 19:  # noqa: PLR2004 - what fits 64 bits
        version = int(as_of)
    else:
        try:
            # A plus sign that was not percent-encoded arrives as a space.
            moment = _INSTANT.validate_python(as_of.replace(" ", "+") if "T" in as_of else as_of, strict=False)
        except ValidationError:
            raise Problem(
                400,
                "invalid-parameter",
                "as_of is a version (3) or an instant with a time zone (2026-01-31T12:00:00Z).",
                errors=[{"parameter": "as_of", "detail": "is neither"}],
            ) from None
        version = await store.version_at(stream, moment)
    history = await store.load(stream, to_version=version) if version else None
    if history is None or not history.version:
        raise Problem(404, "not-found-then", f"It was not there yet as of {as_of}.")
    return history


def state_shown(body: dict[str, Any], as_of: str | None) -> dict[str, Any]:
    """A state as it was tells no actions: what can be done now depends on what is now."""
    return body if as_of is None else {name: value for name, value in body.items() if name != "available_actions"}


def path_segment(text: str) -> str:
    """A code as it stands in a path."""
    return quote(text, safe="")
