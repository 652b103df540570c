"""/events and /feed/position: the whole record in order, for auditors and for systems without a Kafka client."""

import asyncio
import contextlib
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from commands.ports.event_store import Recorded
from domain.facts import FACTS, TOPIC_OF_KIND
from domain.identity import Stream
from services.api.access import may
from services.api.call import Call, CallDep
from services.api.histories import MAX_EVENTS, event_view
from services.api.models import EventShape, Shape
from services.api.problems import Problem
from services.api.rendering import Json
from services.api.route import ApiRoute

router = APIRouter(prefix="/v1", route_class=ApiRoute, tags=["events"])
MAX_WAIT = 30


class EventPage(Shape):
    """Events in order; go on with `after=next_after`."""

    items: list[EventShape]
    next_after: int
    head: int


class FeedPosition(Shape):
    """Everything up to here is delivered to the topics (or, without Kafka, recorded)."""

    position: int


@router.get("/events", operation_id="list_events", responses={200: {"model": EventPage}})
@may("events.read")
async def events(
    call: CallDep,
    after: Annotated[int, Query(ge=0, le=2**62, description="A position; 0: from the beginning")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_EVENTS)] = 100,
    type: Annotated[list[str] | None, Query(description="Types of events; may be repeated")] = None,  # noqa: A002 - the contract's name
    aggregate: Annotated[str | None, Query(description="A kind, or one aggregate as kind/uuid", max_length=200)] = None,
    wait: Annotated[float, Query(ge=0, le=MAX_WAIT, description="Seconds to wait for the first event")] = 0,
) -> Response:
    """The feed above a position. With `wait` an empty page is answered only when nothing came in that time."""
    types = tuple(type or ())
    known = {name for name, _ in FACTS}
    wrong = next((name for name in types if name not in known), None)
    if wrong is not None:
        raise _bad("type", f"{wrong[:80]!r} is no type of event: see /v1/schemas")
    found, upto = await _read(call, after, limit, types, aggregate)
    if not found and wait:
        await _something_new(call, upto, wait)
        found, upto = await _read(call, after, limit, types, aggregate)
    next_after = found[-1].position if len(found) == limit else max(upto, after)
    return Json({"items": [event_view(event) for event in found], "next_after": next_after, "head": upto})


@router.get("/feed/position", operation_id="get_feed_position", responses={200: {"model": FeedPosition}})
@may("read")
async def position(call: CallDep) -> Response:
    """A reader of the topics is current to this position once it has the end offsets that it asks for after this."""
    return Json({"position": await call.parts.feed_position()})


async def _read(
    call: Call, after: int, limit: int, types: tuple[str, ...], aggregate: str | None
) -> tuple[list[Recorded], int]:
    store = call.parts.store
    head = await store.head()
    if aggregate is not None and "/" in aggregate:
        try:
            stream = Stream.parse(aggregate)
        except ValueError:
            raise _bad("aggregate", "is no kind/uuid") from None
        whole = await store.history(stream, limit=100_000)
        chosen = [e for e in whole if after < e.position <= head and (not types or e.type in types)]
        return chosen[:limit], head
    if aggregate is not None and aggregate not in TOPIC_OF_KIND:
        raise _bad("aggregate", f"{aggregate[:80]!r} is no kind: {', '.join(sorted(TOPIC_OF_KIND))} are")
    kinds = () if aggregate is None else (aggregate,)
    return list(await store.read(after=after, limit=limit, types=types, kinds=kinds, upto=head)), head


async def _something_new(call: Call, after: int, seconds: float) -> None:
    """Wait until anything is recorded above a position, so many seconds at most."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds), aclosing(_as_generator(call, after)) as tail:
            async for _ in tail:
                return


async def _as_generator(call: Call, after: int) -> Any:  # noqa: ANN401 - an async generator, closed by the caller
    async for event in call.parts.store.tail(after):
        yield event


def _bad(parameter: str, detail: str) -> Problem:
    return Problem(
        400, "invalid-parameter", f"{parameter}: {detail}.", errors=[{"parameter": parameter, "detail": detail}]
    )
