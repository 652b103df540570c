"""Lines of a manual invoice: parts that are uploaded as they stream in, replaced or removed as a whole."""

from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from commands.ports.provider_files import UploadMedia
from commands.provider_invoice.put_lines import Upload, put_lines
from commands.provider_invoice.remove_part import remove_part
from services.api.access import may
from services.api.call import Call, CallDep, HashedBody, id_in_path
from services.api.provider_invoice_verb import run_verb
from services.api.provider_invoice_view import told
from services.api.route import ApiRoute
from services.api.routes.reference import DONE
from services.api.routes.reference_bulk import media_type, unsupported

router = APIRouter(prefix="/v1/provider-invoices/{invoice}", route_class=ApiRoute, tags=["provider-invoices"])
NDJSON: Final = frozenset({"application/x-ndjson", "application/jsonl", "application/x-jsonlines"})
_MEDIA: Final[dict[str, UploadMedia]] = {
    "application/json": "json",
    "": "json",
    **dict.fromkeys(NDJSON, "ndjson"),
    "text/csv": "csv",
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "Any length: it is read as it comes, and counts as a whole or not at all",
        "content": {
            "application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/UploadLine"}}},
            "application/x-ndjson": {"schema": {"type": "string"}},
            "text/csv": {"schema": {"type": "string"}},
        },
    }
}

Part = Annotated[str, Query(min_length=1, max_length=100, description="The part's name; it counts as a whole")]
Format = Annotated[
    str | None,
    Query(max_length=64, description="A built-in format of the CSV; left out: the provider's own, or by its header"),
]


@router.post("/lines", operation_id="add_provider_invoice_lines", responses=DONE, openapi_extra=_BODY)
@may("provider-invoice.lines")
async def add(call: CallDep, request: Request, invoice: str, part: Part, format: Format = None) -> Response:  # noqa: A002 - the contract's name
    """Add a part. The same bytes again change nothing; other bytes under the same name are refused: use PUT."""
    return await _put(call, request, invoice, part, format, replace=False)


@router.put("/lines", operation_id="replace_provider_invoice_lines", responses=DONE, openapi_extra=_BODY)
@may("provider-invoice.lines")
async def replace(call: CallDep, request: Request, invoice: str, part: Part, format: Format = None) -> Response:  # noqa: A002 - as above
    """Replace a part."""
    return await _put(call, request, invoice, part, format, replace=True)


@router.delete("/lines", operation_id="remove_provider_invoice_lines", responses=DONE)
@may("provider-invoice.lines")
async def remove(call: CallDep, invoice: str, part: Part) -> Response:
    """Remove a part; one that is not there changes nothing."""
    return await run_verb(call, call.parts.invoices, invoice, partial(remove_part, part=part))


async def _put(
    call: Call, request: Request, invoice: str, part: str, mapping: str | None, *, replace: bool
) -> Response:
    wanted = id_in_path(invoice)
    found = media_type(request)
    media = _MEDIA.get(found)
    if media is None:
        raise unsupported(found, "application/json", "application/x-ndjson", "text/csv")
    body = HashedBody(request.stream())
    upload = Upload(part=part, media=media, mapping=mapping, replace=replace)
    return await call.command(
        lambda answer: put_lines(
            call.parts.invoices, call.origin(), wanted, upload, body, expected=call.if_match, answer=answer
        ),
        lambda outcome: told(outcome, call.caller),
        forever=True,
        stream=body,
    )
