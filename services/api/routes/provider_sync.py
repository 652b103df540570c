"""/providers/{code}/invoices and /sync: what a provider lists beside what we hold, and fetching it."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query
from pydantic import Field
from starlette.responses import Response

from commands.caller import Caller
from commands.ports.imports import ProviderList
from commands.ports.provider_files import ListNotFetched, OfferedInvoice
from commands.ports.reference import KnownProvider
from commands.provider_invoice.adjust import adjust
from commands.provider_invoice.used import usage_of
from commands.sync.lists import ask
from commands.sync.request import request_sync
from domain.identity import provider_invoice_stream
from domain.provider_invoice.actions import NOTHING_USED, Usage
from domain.provider_invoice.state import ProviderInvoice, fold
from domain.rejected import Rejected
from projections.paging import DEFAULT_LIMIT, MAX_LIMIT, encode_cursor
from services.api.access import may
from services.api.call import Call, CallDep
from services.api.fields import Amount
from services.api.lists import start_of
from services.api.models import Listed, RequestBody
from services.api.problems import Problem
from services.api.provider_invoice_verb import run_verb
from services.api.provider_invoice_view import actions_view, invoice_words
from services.api.rendering import Json, instant, money
from services.api.route import ApiRoute
from services.api.routes.operations import ACCEPTED, accepted
from services.api.routes.provider_invoice_verbs import OverrideBody
from services.api.routes.reference import CREATED

router = APIRouter(prefix="/v1", route_class=ApiRoute)


class SyncBody(RequestBody):
    """What to sync; without a number what the daily sync would do now."""

    invoice_number: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    override_checksum: OverrideBody | None = None


class Adjustment(RequestBody):
    """`total` is the corrected invoice's: needed for a manual one; for an automatic one what the provider lists."""

    total: Amount | None = None


@router.get(
    "/providers/{code}/invoices", operation_id="list_invoices_of_provider", tags=["providers"],
    responses={200: {"model": Listed}},
)  # fmt: skip
@may("read")
async def sync_list(
    call: CallDep,
    code: str,
    *,
    refresh: Annotated[bool, Query(description="Ask the provider now")] = False,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The sync list: what the provider lists, beside our status, and when it was asked."""
    known = await call.parts.reference.provider(code)
    if known is None:
        raise Problem(404, "not-found", f"There is no provider {code[:64]!r} in use.")
    listed = None if refresh else await call.parts.sync.imports.last_list(known.body.code)
    if listed is None or listed.invoices is None:
        listed = await _asked(call, known)
    start = start_of(cursor)
    invoices = sorted(listed.invoices or (), key=lambda offered: (offered.date, offered.number), reverse=True)
    page = invoices[start : start + limit]
    more = start + limit < len(invoices)
    return Json(
        {
            "items": await _beside_ours(call, known.body.code, page),
            "next_cursor": encode_cursor((str(start + limit),)) if more else None,
            "total": len(invoices),
            "asked_at": instant(listed.asked_at),
            "problem": listed.problem,
        }
    )


@router.post(
    "/providers/{code}/sync", operation_id="sync_provider", tags=["providers"], status_code=202, responses=ACCEPTED
)
@may("provider.sync")
async def sync(call: CallDep, code: str, body: Annotated[SyncBody | None, Body()] = None) -> Response:
    """Fetch invoices of an automatic provider: answered at once, done by a worker."""
    wanted = body or SyncBody()
    override = wanted.override_checksum
    if override is not None:
        call.caller.require("provider-invoice.override-checksum")
    return await call.command(
        lambda answer: request_sync(
            call.parts.sync,
            call.origin(),
            code,
            invoice_number=wanted.invoice_number,
            override=override.wish() if override else None,
            answer=answer,
        ),
        lambda operation: accepted(operation, call.caller),
        forever=True,
    )


@router.post(
    "/provider-invoices/{invoice}/adjust", operation_id="adjust_provider_invoice", tags=["provider-invoices"],
    status_code=201, responses={**CREATED, **ACCEPTED},
)  # fmt: skip
@may("provider-invoice.adjust")
async def adjust_invoice(call: CallDep, invoice: str, body: Annotated[Adjustment | None, Body()] = None) -> Response:
    """Make an adjustment: NUMBER~r2 over new minus old. The answer is the adjustment's."""
    return await run_verb(call, call.parts.sync, invoice, partial(adjust, total=body.total if body else None))


async def _asked(call: Call, known: KnownProvider) -> ProviderList:
    """What the provider answers now; or what it answered before, with the problem of now."""
    try:
        await ask(call.parts.sync, known, call.now)
    except ListNotFetched as error:
        listed = await call.parts.sync.imports.last_list(known.body.code)
        if listed is None or listed.invoices is None:
            raise Rejected("list-not-fetched", error.message) from error
        return listed
    listed = await call.parts.sync.imports.last_list(known.body.code)
    if listed is None:
        raise Rejected("list-not-fetched", f"{known.body.code} could not be asked: try again.")
    return listed


async def _beside_ours(call: Call, provider: str, page: Sequence[OfferedInvoice]) -> list[dict[str, Any]]:
    streams = {offered.number: provider_invoice_stream(provider, offered.number) for offered in page}
    histories = await call.parts.store.load_many(list(streams.values()))
    states = {stream.id: fold(history.facts) for stream, history in histories.items()}
    desk = call.parts.invoices
    usages = {i: await usage_of(desk, i, state) for i, state in states.items() if state is not None}
    rows = []
    for offered in page:
        invoice = streams[offered.number].id
        rows.append(_offered(offered, invoice, states[invoice], usages.get(invoice, NOTHING_USED), call.caller))
    return rows


def _offered(
    offered: OfferedInvoice, invoice: UUID, ours: ProviderInvoice | None, usage: Usage, caller: Caller
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "invoice_number": offered.number,
        "invoice_date": offered.date,
        "period_from": offered.period_from,
        "period_to": offered.period_to,
        "currency": offered.currency,
        "total": money(offered.total, offered.currency),
        "revision": offered.revision,
        "files": [file.path for file in offered.files],
    }
    if ours is None:
        code = None if caller.may("provider.sync") else "role-too-small"
        actions = [{"action": "sync", "allowed": code is None, "code": code}]
        return {**shown, "id": invoice, "status": "not_imported", "status_reason": None, "available_actions": actions}
    return {
        **shown,
        "id": invoice,
        **invoice_words(ours),
        "reasons": ours.reasons,
        "imported_total": money(ours.header.total, ours.header.currency),
        "imported_revision": ours.revision,
        "available_actions": actions_view(ours, usage, caller),
        "href": f"/v1/provider-invoices/{invoice}",
    }
