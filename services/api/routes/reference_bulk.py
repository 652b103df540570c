"""POST /{kind}/bulk: many pieces of reference data at once, as JSON or CSV, also a filled-in `errors.csv`."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from commands.handling import Done
from commands.reference.bulk import Item, Loaded, Result, items_of_json, load_many
from commands.reference.csv_items import items_of_csv
from domain.reference.kinds import Kind
from services.api.access import may
from services.api.call import Call, CallDep, ToAnswer, Told, remember
from services.api.models import BulkAnswer
from services.api.problems import Problem
from services.api.route import ApiRequest

JSON_TYPES = frozenset({"", "application/json"})
CSV_TYPES = frozenset({"text/csv", "application/csv", "application/vnd.ms-excel"})


def media_type(request: Request) -> str:
    """The body's media type without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def unsupported(found: str, *known: str) -> Problem:
    """Problem 415."""
    return Problem(415, "unsupported-media-type", f"Content-Type {found[:80]!r} can't be read: {', '.join(known)} can.")


def add_routes(router: APIRouter, kind: Kind, base: str) -> None:
    """The bulk route of one kind."""

    @may("reference.save", bulk_body=True)
    async def bulk(call: CallDep, request: Request) -> Response:
        items, skipped = await _items(kind, call, request)
        limit = call.parts.settings.max_bulk_items
        if len(items) > limit:
            raise Problem(
                422, "too-many-items", f"{len(items):,} items are more than {limit:,}: send several requests."
            )

        async def run(answer: ToAnswer[Loaded] | None) -> Done[Loaded]:
            origin = call.origin()
            loaded = await load_many(call.parts.desk, origin, kind, items)
            return await remember(call, origin, Done(loaded, loaded.position), answer)

        return await call.command(run, lambda loaded: Told(_summary(loaded, skipped), position=loaded.position))

    titles = kind.plural.replace("-", " ")
    one = {"$ref": f"#/components/schemas/{kind.body.__name__}"}
    router.add_api_route(
        f"{base}/bulk",
        bulk,
        methods=["POST"],
        operation_id=f"load_{kind.plural.replace('-', '_')}",
        summary=f"Save many {titles}",
        description="Each item has its own result; the good ones are done. CSV: one column a field"
        + (", or an `errors.csv` whose `code` column is filled in." if kind.has_identifiers else "."),
        responses={200: {"model": BulkAnswer}},
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {"schema": {"type": "array", "items": one, "maxItems": 100_000}},
                    "text/csv": {"schema": {"type": "string"}},
                },
            }
        },
    )


async def _items(kind: Kind, call: Call, request: Request) -> tuple[Sequence[Item], Sequence[Result]]:
    if not isinstance(request, ApiRequest):
        raise TypeError("routes get the strict request")
    found = media_type(request)
    if found in CSV_TYPES:
        data = await request.body()
        call.wrote(data)
        rows = items_of_csv(kind, data)
        return rows.items, rows.skipped
    if found not in JSON_TYPES:
        raise unsupported(found, "application/json", "text/csv")
    value = await request.json()
    if isinstance(value, dict) and set(value) == {"items"}:
        value = value["items"]
    if not isinstance(value, list):
        raise Problem(
            422,
            "invalid-body",
            "The body must be a JSON list of items.",
            errors=[{"pointer": "", "detail": "is no list"}],
        )
    return items_of_json(value), ()


def _summary(loaded: Loaded, skipped: Sequence[Result]) -> dict[str, Any]:
    results = sorted([*loaded.results, *skipped], key=lambda result: result.index)
    words = ("created", "updated", "unchanged", "rejected")
    return {
        "total": len(results),
        **{word: sum(result.result == word for result in results) for word in words},
        "skipped": sum(result.result == "skipped" for result in results),
        "results": [_result(result) for result in results],
    }


def _result(result: Result) -> dict[str, Any]:
    shown: dict[str, Any] = {"index": result.index, "code": result.code, "result": result.result}
    if result.line is not None:
        shown["line"] = result.line
    if result.id is not None:
        shown |= {"id": result.id, "version": result.version}
    if result.error is not None:
        shown["error"] = {"code": result.error.code, "detail": result.error.detail, **result.error.facts}
    return shown
