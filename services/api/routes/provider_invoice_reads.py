"""What is read of a provider invoice besides itself: lines, attempts, the leak check, files, errors.csv."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any, BinaryIO, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from commands.customer_invoice.items_of_lines import Wanted, items_of
from commands.ports.provider_files import FileRejected
from commands.provider_invoice.attempts import Attempt, attempt_of, attempts_of
from commands.provider_invoice.find_lines import (
    LineFilter,
    LineState,
    PlacedLine,
    canonical_csv,
    chunk_of,
    find_lines,
)
from commands.provider_invoice.findings_csv import errors_csv, warnings_csv
from commands.provider_invoice.usage import CustomerUsage, usage_sums
from domain.customer_invoice.item_of import Bought
from domain.provider_invoice.parts import PartRef
from projections.paging import DEFAULT_LIMIT, MAX_LIMIT, decode_cursor, encode_cursor
from services.api.access import may
from services.api.call import CallDep, id_in_path
from services.api.customer_invoice_view import BASE
from services.api.histories import path_segment
from services.api.models import Listed
from services.api.problems import Problem
from services.api.provider_invoice_view import invoice_words
from services.api.rendering import Json, exact, instant, money
from services.api.route import ApiRoute

router = APIRouter(prefix="/v1/provider-invoices/{invoice}", route_class=ApiRoute, tags=["provider-invoices"])
_BLOCK = 256 * 1024
CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


@router.get("/lines", operation_id="list_provider_invoice_lines", responses={200: {"model": Listed}})
@may("read")
async def lines(
    call: CallDep,
    request: Request,
    invoice: str,
    *,
    state: Annotated[LineState | None, Query()] = None,
    customer_invoice: UUID | None = None,
    attempt: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    part: Annotated[str | None, Query(max_length=1000)] = None,
    chunk: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    count: Literal["yes", "no"] = "yes",
) -> Response:
    """Lines with where each is. With `chunk` and `Accept: text/csv`: the very bytes that the chunk's digest is over."""
    wanted = id_in_path(invoice)
    desk = call.parts.invoices
    if chunk is not None and "text/csv" in request.headers.get("accept", ""):
        found = await chunk_of(desk, wanted, attempt, part, chunk)
        return StreamingResponse(
            canonical_csv(desk, found), media_type="text/csv", headers={"X-Content-Digest": f"sha256:{found.digest}"}
        )
    which = LineFilter(state, customer_invoice, attempt, part, chunk)
    page = await find_lines(desk, wanted, which, after=_after(cursor), limit=limit, count=count == "yes")
    items = await items_of(call.parts.store, call.parts.past_reference, [w for w in map(_wanted, page.lines) if w])
    body: dict[str, Any] = {
        "items": [_line(line, page.parts, items) for line in page.lines],
        "next_cursor": None if page.next_after is None else encode_cursor((str(page.next_after),)),
    }
    if page.total is not None and count == "yes":
        body["total"] = page.total
    return Json(body)


@router.get("/attempts", operation_id="list_provider_invoice_attempts")
@may("read")
async def attempts(call: CallDep, invoice: str) -> Response:
    """All attempts: what was populated, how each ended, which checksum was waived.

    By whom is told to those who may read histories; null to others.
    """
    found = await attempts_of(call.parts.invoices, id_in_path(invoice))
    actors = call.caller.may("history.read")
    items = [_attempt(attempt, actors=actors) for attempt in found]
    return Json({"items": items, "next_cursor": None, "total": len(found)})


@router.get("/usage", operation_id="get_provider_invoice_usage")
@may("read")
async def usage(call: CallDep, invoice: str) -> Response:
    """The leak check: what the lines cost, customer by customer, beside where all of it is."""
    wanted = id_in_path(invoice)
    sums = await usage_sums(call.parts.invoices, wanted)
    return Json(
        {
            "id": wanted,
            "provider": sums.provider,
            "invoice_number": sums.invoice_number,
            "attempt": sums.attempt,
            "currency": sums.currency,
            "leaks": len(sums.leaks),
            "customers": [_customer(customer) for customer in sums.customers],
        }
    )


@router.get("/file", operation_id="get_provider_invoice_file")
@may("read")
async def raw_file(
    call: CallDep,
    invoice: str,
    *,
    attempt: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    name: Annotated[str | None, Query(max_length=2000, description="Which, if there are several")] = None,
) -> Response:
    """The raw file as it came; the digest of its bytes is in `X-Content-Digest`."""
    wanted = id_in_path(invoice)
    state = (await attempt_of(call.parts.invoices, wanted, attempt)).state
    files = {file.path: file.sha256 for file in state.files}
    files.update(
        {p.part: p.file_sha256 for p in state.parts.values() if p.file_sha256 and p.file_sha256 not in files.values()}
    )
    if name is None and len(files) == 1:
        name = next(iter(files))
    if name is None and files:
        listed = ", ".join(sorted(files)[:10])
        raise Problem(400, "file-name-missing", f"Say which file with name=: {listed}.", facts={"files": sorted(files)})
    if name is None or name not in files:
        raise Problem(404, "file-missing", "This attempt has no such file.")
    try:
        kept = await asyncio.to_thread(call.parts.invoices.files.get, files[name], name)
        opened = await asyncio.to_thread(kept.open)
    except FileRejected as error:
        raise Problem(404, "file-missing", error.message) from error
    return StreamingResponse(
        _blocks(opened),
        media_type="application/octet-stream",
        headers={
            "X-Content-Digest": f"sha256:{kept.sha256}",
            "Content-Length": str(kept.bytes),
            "Content-Disposition": f"attachment; filename*=UTF-8''{path_segment(name.rpartition('/')[2] or name)}",
            "X-Content-Type-Options": "nosniff",
        },
    )


@router.get("/errors.csv", operation_id="get_provider_invoice_errors", responses=CSV)
@may("read")
async def errors(call: CallDep, invoice: str) -> Response:
    """What is missing, the largest first. Fill in `code` and post the file to /customers/bulk and /products/bulk."""
    return _csv(await errors_csv(call.parts.invoices, id_in_path(invoice)), "errors.csv")


@router.get("/warnings.csv", operation_id="get_provider_invoice_warnings", responses=CSV)
@may("read")
async def warnings(call: CallDep, invoice: str) -> Response:
    """What is odd and stops nothing."""
    return _csv(await warnings_csv(call.parts.invoices, id_in_path(invoice)), "warnings.csv")


def _csv(text: str, name: str) -> Response:
    return Response(
        text, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


async def _blocks(opened: BinaryIO) -> AsyncIterator[bytes]:
    try:
        while block := await asyncio.to_thread(opened.read, _BLOCK):
            yield block
    finally:
        await asyncio.to_thread(opened.close)


def _after(cursor: str | None) -> int:
    if cursor is None:
        return 0
    (number,) = decode_cursor(cursor, 1)
    if not number.isdecimal() or len(number) > 10:  # noqa: PLR2004 - a line number has 32 bits
        raise Problem(422, "invalid-cursor", "The cursor is none of this list's: leave it out to start from the top.")
    return min(int(number), 2**31 - 1)


def _wanted(placed: PlacedLine) -> Wanted | None:
    line = placed.line
    if placed.customer_invoice is None or line.product is None:
        return None
    return placed.customer_invoice, Bought(line.product, line.subscription_ref, line.charge_from)


def _line(placed: PlacedLine, parts: Sequence[PartRef], items: Mapping[Wanted, str]) -> dict[str, Any]:
    """A line with its file, and with the item that bills it once that is calculated."""
    line, wanted = placed.line, _wanted(placed)
    part = next((p for p in parts if p.first_line <= line.number <= p.last_line), None)
    item = items.get(wanted) if wanted else None
    base = f"{BASE}/{placed.customer_invoice}"
    return {
        "number": line.number,
        "part": part and part.part,
        "file_sha256": part and part.file_sha256,
        "attempt": placed.attempt,
        "state": placed.state,
        "kind": line.kind,
        "charge": line.charge,
        "customer_reference": line.customer_ref,
        "product_reference": line.product_ref,
        "subscription_reference": line.subscription_ref,
        "customer": line.customer,
        "product": line.product,
        "excluded": line.excluded,
        "charge_from": line.charge_from,
        "charge_to": line.charge_to,
        "quantity": None if line.quantity is None else exact(line.quantity),
        "unit": line.unit,
        "unit_price": None if line.unit_price is None else exact(line.unit_price),
        "amount": exact(line.amount),
        "tax": None if line.tax is None else exact(line.tax),
        "currency": line.currency,
        "attributes": _attributes(line.attributes),
        "customer_invoice": placed.customer_invoice
        and {"id": placed.customer_invoice, "name": placed.customer_invoice_name, "href": base},
        "item": item and {"id": item, "href": f"{base}/items/{item}/explain"},
    }


def _attributes(text: str | None) -> Any:  # noqa: ANN401 - a JSON object as stored
    return None if text is None else orjson.loads(text)


def _attempt(attempt: Attempt, *, actors: bool) -> dict[str, Any]:
    state = attempt.state
    currency = state.header.currency
    override = attempt.override
    return {
        "attempt": attempt.number,
        **invoice_words(state),
        "activated": attempt.activated,
        "begun_at": instant(attempt.begun_at),
        "begun_by": attempt.begun_by if actors else None,
        "ended_at": attempt.ended_at and instant(attempt.ended_at),
        "reasons": state.reasons,
        "messages": state.messages,
        "revision": state.revision,
        "total": money(state.header.total, currency),
        "currency": currency,
        "lines": state.rows,
        "override": override
        and {
            "by": override.actor if actors else None,
            "reason": override.reason,
            "difference": money(override.difference, currency),
            "at": instant(override.at),
        },
        "files": [{"path": f.path, "role": f.role, "sha256": f.sha256, "size": f.size} for f in state.files],
        "chunks": [
            {
                "part": chunk.part,
                "chunk": chunk.chunk,
                "first_line": chunk.first_line,
                "last_line": chunk.last_line,
                "lines": chunk.rows,
                "digest": chunk.digest,
            }
            for chunk in attempt.chunks
        ],
    }


def _customer(customer: CustomerUsage) -> dict[str, Any]:
    return {
        "customer": customer.customer or None,
        "lines": customer.lines,
        "cost": exact(customer.cost),
        "excluded": {reason: exact(cost) for reason, cost in customer.excluded.items()},
        "offered": exact(customer.offered),
        "waiting": exact(customer.waiting),
        "invoiced": exact(customer.invoiced),
        "billed": exact(customer.billed),
        "written_off": exact(customer.written_off),
        "released": exact(customer.released),
        "difference": exact(customer.difference),
    }
