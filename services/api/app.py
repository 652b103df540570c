"""The application: the routes behind the edge, and every error as a problem document."""

from collections.abc import Mapping
from typing import Any

import psycopg
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from commands.handling import Busy
from commands.keys.authenticate import Unauthenticated
from commands.ports.event_store import Conflict, StoreUnavailable
from domain.rejected import Rejected
from services.api import problems
from services.api.edge import Edge, HttpMetrics
from services.api.openapi import describe
from services.api.problems import BUSY_RETRY_SECONDS, Problem
from services.api.route import unauthenticated
from services.api.routes.catalogue import all_routers
from services.wiring import Parts

TITLE = "Ledgerline"
_log = structlog.get_logger(__name__)
_DESCRIPTION = """Billing for resellers of cloud services: provider invoices in, customer invoices out, steps recorded.

Commands answer with the aggregate's `version` (also as `ETag`) and the `position` they reached; pass that as
`at_least` to a list, and it shows what you have written. Send an `Idempotency-Key` to be able to repeat any command.
"""


def create_app(parts: Parts) -> FastAPI:
    """The ASGI application on parts that are open already."""
    app = FastAPI(
        title=TITLE,
        version=parts.version,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        exception_handlers={
            HTTPException: _http_error,
            RequestValidationError: _not_valid,
            Rejected: _rejected,
            Unauthenticated: _unauthenticated,
            Busy: _busy,
            Conflict: _busy,
            StoreUnavailable: _store_unavailable,
            psycopg.OperationalError: _store_unavailable,
        },
    )
    app.state.parts = parts
    app.router.redirect_slashes = False
    for router in all_routers():
        app.router.routes.extend(router.routes)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    app.add_middleware(Edge, metrics=HttpMetrics(parts.metrics))
    return app


def _told(request: Request, problem: Problem) -> Response:
    return problems.answer(problem, request.scope.get("request_id"))


async def _http_error(request: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        return _told(request, error)
    if not isinstance(error, HTTPException):
        raise error
    headers: Mapping[str, str] | None = error.headers
    return _told(request, problems.of_status(error.status_code, str(error.detail), headers))


async def _not_valid(request: Request, error: Exception) -> Response:
    found: Any = error.errors() if isinstance(error, RequestValidationError) else ()
    return _told(request, problems.of_validation(found))


async def _rejected(request: Request, error: Exception) -> Response:
    if not isinstance(error, Rejected):
        raise error
    return _told(request, problems.of_rejection(error))


async def _unauthenticated(request: Request, error: Exception) -> Response:
    if not isinstance(error, Unauthenticated):
        raise error
    return _told(request, unauthenticated(error))


async def _busy(request: Request, _error: Exception) -> Response:
    return _told(
        request,
        Problem(
            503,
            "busy",
            "Others changed the same resource five times meanwhile: send the request again.",
            headers={"Retry-After": str(BUSY_RETRY_SECONDS)},
        ),
    )


async def _store_unavailable(request: Request, error: Exception) -> Response:
    _log.warning("store_unavailable", path=request.url.path, error=str(error))
    return _told(
        request,
        Problem(
            503,
            "store-unavailable",
            "The database can't be reached now: send the request again. What a command names by its body, its path or "
            "its Idempotency-Key is done once, however often it is sent.",
            headers={"Retry-After": str(BUSY_RETRY_SECONDS)},
        ),
    )
