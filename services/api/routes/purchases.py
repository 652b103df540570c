"""/purchases: posted one by one, in lists, or as a stream; each has its own result and one place."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from commands.handling import Done
from commands.ports.purchases import PlaceState, PurchaseQuery, Stored
from commands.purchases.cancel import cancel, find
from commands.purchases.new import NewPurchase
from commands.purchases.post import AT_ONCE, Result, post_purchases
from commands.purchases.read import read
from commands.purchases.reroute import reroute
from services.api.access import may
from services.api.call import Call, CallDep, ToAnswer, Told, id_in_path, remember
from services.api.lists import ListingDep
from services.api.models import Listed, RequestBody
from services.api.ndjson import NdjsonAnswer, lines_of
from services.api.problems import Problem
from services.api.purchase_view import purchase_view, result_view
from services.api.rendering import Json, dumps
from services.api.route import ApiRequest, ApiRoute
from services.api.routes.provider_invoice_uploads import NDJSON
from services.api.routes.provider_invoice_verbs import Because
from services.api.routes.reference_bulk import media_type, unsupported

router = APIRouter(prefix="/v1", route_class=ApiRoute, tags=["purchases"])
_LONGEST: Final = 18
"""Digits of a cursor."""
_ONE: Final = {"$ref": "#/components/schemas/NewPurchase"}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "One purchase, a list, or a stream of any length with a purchase a line",
        "content": {
            "application/json": {"schema": {"oneOf": [_ONE, {"type": "array", "items": _ONE, "maxItems": 100_000}]}},
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    }
}


class Rerouting(RequestBody):
    """What to decide again; without a customer or a provider invoice: all that no invoice holds."""

    customer: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    provider_invoice: UUID | None = None
    reason: Annotated[str, Field(min_length=1, max_length=500)]


@router.post("/purchases", operation_id="post_purchases", status_code=200, openapi_extra=_BODY)
@may("purchase.post", bulk_body=True)
async def post(call: CallDep, request: Request) -> Response:
    """Accept purchases. Each has a key, so that a repeat makes no second one; a bad one refuses no other.

    A stream is answered line by line, so its lines are told `duplicate` at a repeat, whatever its Idempotency-Key is.
    """
    if not isinstance(request, ApiRequest):
        raise TypeError("routes get the strict request")
    found = media_type(request)
    if found in NDJSON:
        return NdjsonAnswer(_stream(call, request))
    if found not in {"", "application/json"}:
        raise unsupported(found, "application/json", "application/x-ndjson")
    body = await request.json()
    if isinstance(body, dict):
        return await call.command(lambda answer: _one(call, body, answer), _one_told, forever=True)
    if not isinstance(body, list):
        raise Problem(422, "invalid", "The body is one purchase or a list of them.")
    limit = call.parts.settings.max_bulk_items
    if len(body) > limit:
        raise Problem(422, "too-many-items", f"{len(body):,} purchases are more than {limit:,}: send a stream.")

    async def run(answer: ToAnswer[list[Result]] | None) -> Done[list[Result]]:
        return await remember(call, call.origin(), Done(await _accept(call, body), 0), answer)

    return await call.command(run, _many_told, forever=True)


@router.get("/purchases", operation_id="list_purchases", responses={200: {"model": Listed}})
@may("read")
async def search(
    call: CallDep,
    listing: ListingDep,
    *,
    customer: Annotated[str | None, Query(max_length=64)] = None,
    product: Annotated[str | None, Query(max_length=64)] = None,
    reference: Annotated[str | None, Query(max_length=300)] = None,
    customer_invoice: UUID | None = None,
    state: Annotated[list[PlaceState] | None, Query(max_length=10)] = None,
    day_from: date | None = None,
    day_to: date | None = None,
) -> Response:
    """Posted purchases, newest first; read from the purchase store itself."""
    query = PurchaseQuery(customer, product, reference, customer_invoice, state, day_from, day_to)
    page = listing.page
    purchases = call.parts.billing.purchases
    found = await purchases.page(query, before=_before(page.cursor), limit=page.limit + 1)
    shown = found[: page.limit]
    body: dict[str, Any] = {
        "items": [purchase_view(stored) for stored in shown],
        "next_cursor": str(shown[-1].seq) if len(found) > len(shown) else None,
    }
    if page.count:
        body["total"] = await purchases.count(query)
    return Json(body)


@router.get("/purchases/{purchase}", operation_id="get_purchase")
@may("read")
async def get(call: CallDep, purchase: str) -> Response:
    """One purchase, where it is and why."""
    return Json(purchase_view(await find(call.parts.billing, id_in_path(purchase))))


@router.post("/purchases/{purchase}/cancel", operation_id="cancel_purchase")
@may("purchase.cancel")
async def cancel_one(call: CallDep, purchase: str, body: Because) -> Response:
    """Take it back while no locked or final invoice holds it."""
    wanted = id_in_path(purchase)

    async def run(answer: ToAnswer[Stored] | None) -> Done[Stored]:
        origin = call.origin()
        return await remember(call, origin, await cancel(call.parts.billing, origin, wanted, body.reason), answer)

    return await call.command(run, lambda stored: Told(purchase_view(stored)), forever=True)


@router.post("/purchases/reroute", operation_id="reroute_purchases")
@may("purchase.reroute")
async def reroute_many(call: CallDep, body: Rerouting) -> Response:
    """Decide again where purchases and offered usage go that no invoice holds."""

    async def run(answer: ToAnswer[dict[str, int]] | None) -> Done[dict[str, int]]:
        moved = 0
        if body.provider_invoice is None:
            moved = await reroute(call.parts.billing, PurchaseQuery(customer=body.customer))
        offers = await call.parts.usage_due.again(
            customer=body.customer, provider_invoice=body.provider_invoice, now=call.now
        )
        return await remember(call, call.origin(), Done({"purchases_moved": moved, "offers_due": offers}, 0), answer)

    return await call.command(run, Told, forever=True)


async def _one(call: Call, body: dict[str, Any], answer: ToAnswer[Result] | None) -> Done[Result]:
    (result,) = await _accept(call, [body])
    if result.code is not None:
        status = 409 if result.outcome == "conflict" else 422
        raise Problem(status, result.code, result.message or "", facts={"key": result.key})
    return await remember(call, call.origin(), Done(result, 0), answer)


def _one_told(result: Result) -> Told:
    if result.outcome != "accepted":
        return Told(result_view(result))
    return Told(result_view(result), 201, {"Location": f"/v1/purchases/{result.id}"})


def _many_told(results: list[Result]) -> Told:
    counts = {o: sum(r.outcome == o for r in results) for o in ("accepted", "duplicate", "conflict", "rejected")}
    views = [{"index": index, **result_view(result)} for index, result in enumerate(results)]
    return Told({"total": len(results), **counts, "results": views})


async def _accept(call: Call, elements: Sequence[Any]) -> list[Result]:
    """Results in the order of the elements."""
    results: list[Result] = []
    rest = iter(elements)
    while batch := list(islice(rest, AT_ONCE)):
        shaped = read(batch)
        good = [new for new in shaped if isinstance(new, NewPurchase)]
        told = iter(await post_purchases(call.parts.billing, good, now=call.now, actor=call.caller.actor))
        results += [one if isinstance(one, Result) else next(told) for one in shaped]
    return results


async def _stream(call: Call, request: ApiRequest) -> AsyncIterator[bytes]:
    """A result a line, as soon as its purchase is durable."""
    batch: list[bytes] = []
    index = 0

    async def flush() -> bytes:
        nonlocal index
        views: list[Mapping[str, Any]] = []
        for result in await _accept(call, batch):
            views.append({"index": index, **result_view(result)})
            index += 1
        batch.clear()
        return b"".join(dumps(view) + b"\n" for view in views)

    async for line in lines_of(request.stream()):
        batch.append(line)
        if len(batch) >= AT_ONCE:
            yield await flush()
    if batch:
        yield await flush()


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not cursor.isdecimal() or len(cursor) > _LONGEST:
        raise Problem(400, "invalid-cursor", "The cursor is none of this list.")
    return int(cursor)
