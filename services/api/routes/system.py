"""Health, metrics, schemas, documentation and the test clock."""

from importlib.resources import files
from typing import Any

import psycopg
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import Response

from adapters.clock import TestClock
from adapters.kafka.cloudevents import Origin
from adapters.kafka.settings import KafkaSettings
from adapters.schemas.asyncapi import asyncapi
from adapters.schemas.json_schema import UnknownType, index, schema_of
from commands.ports.event_store import StoreUnavailable
from domain.wire import Instant
from services.api.access import may, public
from services.api.call import Call, CallDep
from services.api.models import RequestBody
from services.api.problems import Problem
from services.api.rendering import Json, instant
from services.api.route import ApiRoute
from services.wiring import Parts

router = APIRouter(prefix="", route_class=ApiRoute, tags=["system"])
SCHEMA_ORIGIN = Origin()
_PAGE = files("services.api").joinpath("docs.html").read_bytes()


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


@router.get("/healthz", operation_id="get_health")
@public
async def healthz() -> Response:
    """The process answers."""
    return Json({"status": "ok"})


@router.get("/readyz", operation_id="get_readiness")
@public
async def readyz(request: Request) -> Response:
    """What the process needs is there; 503 names what is not."""
    try:
        head = await _parts(request).store.head()
    except (StoreUnavailable, PoolTimeout, psycopg.Error):
        raise Problem(503, "not-ready", "The database can't be reached.", headers={"Retry-After": "1"}) from None
    return Json({"status": "ready", "checks": {"database": "ok"}, "head": head})


@router.get("/metrics", operation_id="get_metrics")
@public
async def metrics(request: Request) -> Response:
    """Prometheus metrics of this process."""
    return Response(generate_latest(_parts(request).metrics), headers={"Content-Type": CONTENT_TYPE_LATEST})


@router.get("/openapi.json", operation_id="get_openapi")
@router.get("/v1/openapi.json", include_in_schema=False)
@public
async def openapi(request: Request) -> Response:
    """This interface as an OpenAPI 3.1 document."""
    document: dict[str, Any] = request.app.openapi()
    return Json(document)


@router.get("/docs", include_in_schema=False)
@router.get("/v1/docs", include_in_schema=False)
@public
async def docs() -> Response:
    """The documentation to be read and tried in a browser; it needs nothing from elsewhere."""
    return Response(
        _PAGE,
        media_type="text/html",
        headers={
            "Content-Security-Policy": "default-src 'none'; connect-src 'self'; "
            "style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
            "X-Content-Type-Options": "nosniff",
        },
    )


@router.get("/asyncapi.json", operation_id="get_asyncapi")
@router.get("/v1/asyncapi.json", include_in_schema=False)
@public
async def asyncapi_document(request: Request) -> Response:
    """The topics as an AsyncAPI 3.0 document."""
    parts = _parts(request)
    kafka = parts.settings.kafka() or KafkaSettings(bootstrap_servers=("localhost:9092",))
    return Json(asyncapi(kafka, parts.version))


@router.get("/v1/schemas", operation_id="list_schemas")
@public
async def schemas() -> Response:
    """All types of events, all versions of them."""
    return Json({"items": index(SCHEMA_ORIGIN)})


@router.get("/v1/schemas/{type}/{version}", operation_id="get_schema")
@public
async def schema(type: str, version: str) -> Response:  # noqa: A002 - the contract's name
    """The JSON Schema of one type and version."""
    try:
        return Json(
            schema_of(type, int(version) if version.isdecimal() and len(version) < 9 else 0, SCHEMA_ORIGIN),  # noqa: PLR2004
            headers={"Content-Type": "application/schema+json"},
        )
    except UnknownType:
        raise Problem(404, "not-found", f"There is no schema {type[:80]} version {version[:20]}.") from None


class ClockSetting(RequestBody):
    """What the test clock shows from now on."""

    now: Instant


@router.get("/v1/test-clock", operation_id="get_test_clock")
@may("read")
async def test_clock(call: CallDep) -> Response:
    """What the test clock shows; 404 on a deployment with a real one."""
    return _shown(call, _clock(call))


@router.put("/v1/test-clock", operation_id="set_test_clock")
@may("clock.set")
async def set_test_clock(call: CallDep, body: ClockSetting) -> Response:
    """Set the test clock; it stands still until it is set again."""
    clock = _clock(call)
    await clock.set(body.now)
    return _shown(call, clock)


def _clock(call: Call) -> TestClock:
    clock = call.parts.clock
    if not isinstance(clock, TestClock):
        raise Problem(404, "no-test-clock", "This deployment runs on the system's clock.")
    return clock


def _shown(call: Call, clock: TestClock) -> Response:
    return Json({"now": instant(clock.now()), "today": call.parts.business_date(clock.now())})
