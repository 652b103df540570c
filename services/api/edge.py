"""The outermost layer, plain ASGI: request ids, metrics, and the last net under everything."""

import re
import time
from typing import Any, Final
from uuid import uuid4

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.problems import Problem, answer

MAX_HEADER_BYTES: Final = 32 * 1024
_REQUEST_ID: Final = re.compile(rb"[\x21-\x7e]{1,128}")
_log = structlog.get_logger(__name__)


class HttpMetrics:
    """Requests by route, method and status, and how long they took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "ledgerline_http_requests_total", "Requests answered", ["method", "route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "ledgerline_http_request_seconds",
            "Seconds from the first byte of a request to the last of its answer",
            ["route"],
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30),
            registry=registry,
        )
        self._known: dict[tuple[str, str, int], tuple[Any, Any]] = {}

    def seen(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        key = (method, route, status)
        both = self._known.get(key)
        if both is None:
            both = self._known[key] = (self.requests.labels(*key), self.seconds.labels(route))
        both[0].inc()
        both[1].observe(seconds)


class Edge:
    """Gives each request an id, counts it, and turns what nobody foresaw into a 500 that tells nothing but the id."""

    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(scope["headers"])
        scope["request_id"] = request_id
        header = (b"x-request-id", request_id.encode("latin-1"))
        status = 0

        async def tell(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append(header)
            await send(message)

        refusal = _refused(scope)
        try:
            if refusal is not None:
                await answer(refusal, request_id)(scope, receive, tell)
            else:
                await self._app(scope, receive, tell)
        except Exception:
            _log.exception("request_failed", request_id=request_id, method=scope["method"], path=scope["path"])
            if status:
                raise
            unexpected = Problem(
                500, "internal-error", f"Something went wrong here; name the request {request_id} when you report it."
            )
            await answer(unexpected, request_id)(scope, receive, tell)
        finally:
            route = scope.get("route")
            path = getattr(route, "path", "(none)")
            self._metrics.seen(scope["method"], path, status, time.perf_counter() - started)


def _request_id(headers: list[tuple[bytes, bytes]]) -> str:
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode("ascii")
    return uuid4().hex


def _refused(scope: Scope) -> Problem | None:
    if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
        return Problem(400, "invalid-path", "The zero character has no place in a path or a query.")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
        return Problem(431, "headers-too-large", f"All headers together have at most {MAX_HEADER_BYTES:,} bytes.")
    return None
