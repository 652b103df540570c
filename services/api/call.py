"""One request: who asks, under which conditions, and how its command is run once and answered alike for ever."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID, uuid4, uuid5

import orjson
from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from commands.caller import Caller
from commands.handling import Decided, Done, settle
from commands.origin import Origin
from commands.ports.event_store import AlreadyAnswered, Answer, EventStore, IdempotencyKey, StoredAnswer
from domain.identity import NAMESPACE
from services.api.problems import Problem
from services.api.rendering import Json, dumps
from services.api.strict_json import canonical
from services.wiring import Parts

T = TypeVar("T")
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_ETAG: Final = re.compile(r'(?:W/)?"?(\d{1,18})"?')
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
NO_BODY: Final = b""


@dataclass(frozen=True, slots=True)
class Told:
    """What a command's caller is told, but for `position`, which only the append knows."""

    body: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    position: int = 0
    """Of the last event before, for a command that had nothing to store."""


async def remember(call: "Call", origin: Origin, done: Done[T], answer: "ToAnswer[T] | None") -> Done[T]:
    """Store the answer of a command that has settled without it; a repeat decides nothing, so it is told alike."""
    if answer is None:
        return done

    async def nothing_more() -> Decided[T]:
        return Decided(None, done.outcome)

    await settle(call.parts.store, origin, nothing_more, answer)
    return done


ToAnswer = Callable[[T], Answer | None]


class HashedBody:
    """A body that is read as it comes in, once, and hashed on the way."""

    def __init__(self, blocks: AsyncIterator[bytes]) -> None:
        self._blocks = blocks
        self._hash = sha256()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The blocks."""
        async for block in self._blocks:
            self._hash.update(block)
            yield block

    async def drain(self) -> None:
        """Read the rest for the sake of its digest."""
        async for _ in self:
            pass

    def digest(self, query: bytes) -> str:
        """SHA-256 of what was asked: the query and the bytes that came."""
        return sha256(query + b"\n" + self._hash.digest()).hexdigest()


class Call:
    """A request whose caller is known and may do what the route does."""

    __slots__ = ("_written", "caller", "headers", "method", "parts", "path", "query", "request_id")

    def __init__(self, parts: Parts, caller: Caller, request: Request, headers: Mapping[bytes, bytes]) -> None:
        scope = request.scope
        self.parts = parts
        self.caller = caller
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self.request_id: str = scope["request_id"]
        self.headers = headers
        self._written: object = NO_BODY

    def wrote(self, body: object) -> None:
        """Remember the body as it was written: what digests of requests are over."""
        self._written = body

    @property
    def now(self) -> datetime:
        """The instant of this command, in UTC."""
        return self.parts.clock.now()

    def origin(self) -> Origin:
        """The envelope of this command; with an idempotency key its id is the same at every repeat."""
        now = self.parts.clock.now()
        key = self.idempotency_key
        return Origin(
            command_id=uuid4() if key is None else uuid5(NAMESPACE, f"command:{self.scope}:{key}"),
            actor=self.caller.actor,
            now=now,
            business_date=self.parts.business_date(now),
            zone=self.parts.zone_name,
            correlation_id=self.request_id,
            agent=self.caller.agent,
            traceparent=self._traceparent,
        )

    @property
    def scope(self) -> str:
        """Subject + method + path: where an idempotency key means something."""
        agent = self.caller.agent
        who = self.caller.actor if agent is None else f"{agent}>{self.caller.actor}"
        return f"{who} {self.method} {self.path}"

    @property
    def idempotency_key(self) -> str | None:
        """The header; Problem 400 for one that is none."""
        raw = self.headers.get(b"idempotency-key")
        if raw is None:
            return None
        text = raw.decode("latin-1").strip()
        if not _KEY.fullmatch(text):
            raise _bad_header("Idempotency-Key", "has 1 to 255 printable ASCII characters without spaces")
        return text

    def need_idempotency_key(self) -> str:
        """The header, where nothing else identifies what is made."""
        key = self.idempotency_key
        if key is None:
            raise Problem(
                400,
                "idempotency-key-missing",
                "Nothing in this request identifies what it makes: send an Idempotency-Key, so that a repeat makes "
                "no second one.",
                errors=[{"header": "Idempotency-Key", "detail": "is missing"}],
            )
        return key

    @property
    def if_match(self) -> int | None:
        """The version of `If-Match`; None: the caller does not mind."""
        raw = self.headers.get(b"if-match")
        if raw is None or raw.strip() == b"*":
            return None
        found = _ETAG.fullmatch(raw.decode("latin-1").strip())
        if found is None:
            raise _bad_header("If-Match", 'is the ETag of a resource, such as "3"')
        return int(found.group(1))

    def digest(self) -> str:
        """SHA-256 of what was asked: the query and the canonical body."""
        written = self._written
        body = written if isinstance(written, bytes) else canonical(written)
        return sha256(self.query + b"\n" + body).hexdigest()

    async def command(
        self,
        run: Callable[[ToAnswer[T] | None], Awaitable[Done[T]]],
        told: Callable[[T], Told],
        *,
        forever: bool = False,
        stream: HashedBody | None = None,
        shown_once: Callable[[T], Mapping[str, Any]] | None = None,
    ) -> Response:
        """Run a command and answer it; the same idempotency key gets the first answer again.

        `run` passes what it is given on to `settle` as `answer`. `forever`: a money command's key is kept for ever.
        `stream` is the body of a command that reads it as it comes: its digest is known once it has come.
        `shown_once` is for the first answer only and stored nowhere: a secret.
        """
        key = self.idempotency_key
        if key is None:
            done = await run(None)
            return await _response(
                self.parts.store, told(done.outcome), done.position, shown_once(done.outcome) if shown_once else {}
            )
        request_digest = self.digest if stream is None else lambda: stream.digest(self.query)
        stored = await self.parts.store.answered(self.scope, key)
        if stored is not None:
            if stream is not None:
                await stream.drain()
            return await replayed(self.parts.store, stored, request_digest())
        said: Told | None = None

        def answer(outcome: T) -> Answer:
            nonlocal said
            said = told(outcome)
            scope = IdempotencyKey(self.scope, key, request_digest(), forever)
            return Answer(scope, said.status, orjson.loads(dumps(said.body)), dict(said.headers))

        try:
            done = await run(answer)
        except AlreadyAnswered as answered:
            return await replayed(self.parts.store, answered.stored, request_digest())
        return await _response(
            self.parts.store, said or told(done.outcome), done.position, shown_once(done.outcome) if shown_once else {}
        )

    @property
    def _traceparent(self) -> str | None:
        raw = self.headers.get(b"traceparent")
        if raw is None:
            return None
        text = raw.decode("latin-1").strip()
        return text if _TRACEPARENT.fullmatch(text) else None


async def replayed(store: EventStore, stored: StoredAnswer, digest: str) -> Response:
    """The first answer again; Problem 422 when another request comes under the same key."""
    if stored.digest != digest:
        raise Problem(
            422,
            "idempotency-key-reused",
            "This Idempotency-Key was used for another request: a new request needs a new key.",
            errors=[{"header": "Idempotency-Key", "detail": "was used for another body"}],
        )
    body = {**stored.body, "position": stored.position or await store.head()}
    return Json(body, stored.status, {**stored.headers, "Idempotency-Replayed": "true"})


def etag(version: int) -> dict[str, str]:
    """The header of an aggregate's version."""
    return {"ETag": f'"{version}"'}


def created_or_ok(*, created: bool, location: str, version: int) -> tuple[int, dict[str, str]]:
    """Status and headers of a command that may have made something."""
    if created:
        return 201, {"ETag": f'"{version}"', "Location": location}
    return 200, {"ETag": f'"{version}"'}


async def _response(store: EventStore, told: Told, position: int, more: Mapping[str, Any]) -> Response:
    # A command that had nothing to store still tells a position at which its effect can be read.
    reached = position or told.position or await store.head()
    return Json({**told.body, "position": reached, **more}, told.status, dict(told.headers))


def _bad_header(name: str, detail: str) -> Problem:
    return Problem(400, "invalid-header", f"{name} {detail}.", errors=[{"header": name, "detail": detail}])


async def _call(request: Request) -> Call:
    call: Call = request.scope["call"]
    return call


CallDep = Annotated[Call, Depends(_call)]
"""The request's call, as an endpoint takes it."""


def id_in_path(text: str) -> UUID:
    """The UUID of a path; Problem 404 when the text is none, as nothing can be there."""
    try:
        return UUID(text)
    except ValueError:
        raise Problem(404, "not-found", "There is nothing with this id.") from None
