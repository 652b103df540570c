"""Health, readiness and metrics of a process without an API, on its operations port.

A thread of its own answers, so that a process whose loop hangs is still asked and found out.
"""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic
from typing import ClassVar, Self

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

Check = Callable[[], str | None]
"""Says in a sentence what is wrong; None while all is well. Must not block."""

_log = structlog.get_logger(__name__)


class Heartbeat:
    """A check that a loop still turns: `turns` gives a number that changes, at least every `within` seconds."""

    def __init__(self, turns: Callable[[], int], within: float = 60.0, clock: Callable[[], float] = monotonic) -> None:
        self._turns = turns
        self._within = within
        self._clock = clock
        self._seen = turns()
        self._since = clock()

    def __call__(self) -> str | None:
        """See `Check`."""
        now = self._turns()
        if now != self._seen:
            self._seen, self._since = now, self._clock()
        quiet = self._clock() - self._since
        return f"the loop has not turned for {quiet:.0f} s" if quiet > self._within else None


class OperationsServer:
    """`/healthz` (restart me when it fails), `/readyz` (what I need is there), `/metrics`; a context manager.

    `alive` and `ready` are named checks (they may get more while it serves); an answer lists each with `ok` or its
    problem. Port 0 takes a free one.
    """

    def __init__(
        self, host: str, port: int, registry: CollectorRegistry, alive: Mapping[str, Check], ready: Mapping[str, Check]
    ) -> None:
        class Handler(_Handler):
            pages: ClassVar = {
                "/healthz": lambda: _checked({**alive}),
                "/readyz": lambda: _checked({**alive, **ready}),
                "/metrics": lambda: (HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry)),
            }

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, name="operations http", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        _log.info("operations_http_listens", port=self.port)
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


Page = Callable[[], tuple[HTTPStatus, str, bytes]]


class _Handler(BaseHTTPRequestHandler):
    pages: ClassVar[Mapping[str, Page]]
    protocol_version = "HTTP/1.1"
    timeout = 10  # seconds for a request to arrive

    def do_GET(self) -> None:
        page = self.pages.get(self.path.partition("?")[0])
        if page is None:
            status, kind, body = HTTPStatus.NOT_FOUND, "text/plain", b"try /healthz, /readyz or /metrics\n"
        else:
            status, kind, body = page()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        _log.debug("operations_http", request=format % args)


def _checked(checks: Mapping[str, Check]) -> tuple[HTTPStatus, str, bytes]:
    found = {name: check() for name, check in checks.items()}
    status = HTTPStatus.OK if not any(found.values()) else HTTPStatus.SERVICE_UNAVAILABLE
    body = {name: problem or "ok" for name, problem in found.items()}
    return status, "application/json", json.dumps(body).encode()
