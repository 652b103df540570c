"""The door of every route: who calls, how often, with how much, and JSON read strictly."""

import asyncio
from collections.abc import Callable, Coroutine
from difflib import get_close_matches
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi.dependencies.utils import get_flat_params
from fastapi.params import ParamTypes
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from commands.keys.authenticate import Unauthenticated, authenticate
from services.api.access import access_of
from services.api.call import Call
from services.api.problems import Problem
from services.api.strict_json import loads
from services.wiring import Parts

LARGE: Final = 256 * 1024
"""Bytes from which on JSON is parsed in a thread, so that others are served meanwhile."""


class ApiRequest(Request):
    """A request whose body is bounded while it comes in, and whose JSON has one meaning only."""

    limit: int = 0

    async def body(self) -> bytes:
        """All of the body; Problem 413 as soon as it is longer than the limit."""
        if not hasattr(self, "_body"):
            self._body = await self.read(self.limit)
        return self._body

    async def read(self, limit: int) -> bytes:
        """The body, at most `limit` bytes of it."""
        expect_at_most(self.headers.get("content-length"), limit)
        blocks: list[bytes] = []
        size = 0
        async for block in self.stream():
            size += len(block)
            if size > limit:
                raise _too_large(limit)
            blocks.append(block)
        return b"".join(blocks)

    async def json(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        """The body as JSON; Problem 400 `invalid-json`."""
        if not hasattr(self, "_json"):
            data = await self.body()
            self._json = await asyncio.to_thread(loads, data) if len(data) > LARGE else loads(data)
            call: Call = self.scope["call"]
            call.wrote(self._json)
        return self._json


def expect_at_most(content_length: str | None, limit: int) -> None:
    """Problem 413 for a body that is announced to be too long, before any of it is read."""
    if content_length is not None and content_length.isdecimal() and int(content_length) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> Problem:
    return Problem(413, "body-too-large", f"A body here has at most {limit:,} bytes.", facts={"limit": limit})


class ApiRoute(APIRoute):
    """A route that lets in who may, and hands FastAPI a strict request."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler behind the door."""
        inner = super().get_route_handler()
        access = access_of(self.endpoint)
        action = access.action
        commands = bool((self.methods or set()) - {"GET", "HEAD"})
        parameters = _parameters(self)

        async def handle(request: Request) -> Response:
            parts: Parts = request.app.state.parts
            headers: dict[bytes, bytes] = dict(request.scope["headers"])
            strict = ApiRequest(request.scope, request.receive)
            strict.limit = parts.settings.max_bulk_body if access.bulk_body else parts.settings.max_body
            if action is not None:
                caller = await authenticate(
                    parts.keys, _text(headers, b"authorization"), _text(headers, b"on-behalf-of"), parts.clock.now()
                )
                caller.require(action)
                _expect_known(request.scope["query_string"], parameters)
                if commands:
                    parts.rate_limit.take(str(caller.key))
                request.scope["call"] = Call(parts, caller, request, headers)
            try:
                return await inner(strict)
            except ClientDisconnect:
                return Response(status_code=400)

        return handle


def _parameters(route: APIRoute) -> frozenset[str]:
    """The query parameters that a route knows, its dependencies' too."""
    found = get_flat_params(route.dependant)
    return frozenset(f.alias for f in found if getattr(f.field_info, "in_", None) is ParamTypes.query)


def _expect_known(query: bytes, known: frozenset[str]) -> None:
    """Problem 400 for a parameter nobody knows: a misspelt filter must not be a list of everything."""
    if not query:
        return
    for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name not in known:
            near = get_close_matches(name, known, 1)
            what = f"did you mean {near[0]}?" if near else f"it knows {', '.join(sorted(known)) or 'none'}."
            raise Problem(
                400,
                "invalid-parameter",
                f"{name[:80]!r} is no parameter of this path: {what}",
                errors=[{"parameter": name[:80], "detail": "is unknown"}],
            )


def _text(headers: dict[bytes, bytes], name: bytes) -> str | None:
    raw = headers.get(name)
    if raw is None:
        return None
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def unauthenticated(error: Unauthenticated) -> Problem:
    """401: unknown, expired and revoked look alike from outside."""
    headers = {"WWW-Authenticate": 'Bearer realm="ledgerline"'}
    if error.why == "missing":
        return Problem(401, "key-missing", "Send an API key: Authorization: Bearer KEY.", headers=headers)
    return Problem(401, "key-unknown", "This API key is unknown, expired or revoked.", headers=headers)
