"""Lists out of read models: reference data, summaries, syncs, notices, suggestions."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from domain.operations.events import ProviderSummary
from domain.reference.kinds import KIND_OF_PATH, KINDS, Kind
from projections.import_summaries.queries import DaySummary
from projections.invoice_list.queries import InvoiceFilter
from projections.paging import PageRequest
from projections.reference_list.queries import ReferenceFilter
from projections.reference_list.rows import ReferenceRow
from services.api.access import may
from services.api.call import Call, CallDep
from services.api.lists import AtLeast, ListingDep, have, have_position, page_answer
from services.api.models import Listed
from services.api.problems import Problem
from services.api.rendering import Json, instant, money
from services.api.route import ApiRoute

router = APIRouter(prefix="/v1", route_class=ApiRoute, tags=["lists"])
LISTED: dict[int | str, dict[str, Any]] = {200: {"model": Listed}}


def add_list(router: APIRouter, kind: Kind, base: str) -> None:
    """The list of one kind of reference data."""

    @may("read")
    async def list_kind(
        call: CallDep,
        listing: ListingDep,
        *,
        q: Annotated[str | None, Query(max_length=200, description="A part of code or name")] = None,
        retired: Annotated[Literal["no", "yes", "all"], Query()] = "no",
        cluster: Annotated[str | None, Query(max_length=64, description="Customers of this cluster")] = None,
        provider: Annotated[str | None, Query(max_length=64, description="With an identifier of this provider")] = None,
    ) -> Response:
        wanted = ReferenceFilter(
            search=q,
            retired={"no": False, "yes": True, "all": None}[retired],
            body=None if cluster is None else {"cluster": cluster},
            identifier_of=provider,
        )
        await have(call, listing, "reference_list")
        return page_answer(
            await call.parts.read_models.reference_list.page(kind.name, wanted, listing.page), reference_view
        )

    router.add_api_route(
        base,
        list_kind,
        methods=["GET"],
        operation_id=f"list_{kind.plural.replace('-', '_')}",
        summary=f"List {kind.plural.replace('-', ' ')}, by code",
        responses=LISTED,
    )


@router.get("/import-summaries", operation_id="list_import_summaries", responses=LISTED)
@may("read")
async def import_summaries(
    call: CallDep,
    listing: ListingDep,
    *,
    provider: Annotated[str | None, Query(max_length=64)] = None,
    date_from: date | None = None,
    date_to: date | None = None,
) -> Response:
    """Day by day and provider by provider: what was imported, what failed and why, what changed."""
    await have(call, listing, "import_summaries")
    page = await call.parts.read_models.import_summaries.page(
        listing.page, provider=provider, from_=date_from, to=date_to
    )
    return page_answer(page, summary_view)


@router.get("/sync-runs", operation_id="list_sync_runs", responses=LISTED)
@may("read")
async def sync_runs(
    call: CallDep, listing: ListingDep, provider: Annotated[str | None, Query(max_length=64)] = None
) -> Response:
    """Syncs, the latest first, with what each did."""
    await have(call, listing, "sync_runs")
    return page_answer(
        await call.parts.read_models.sync_runs.page(listing.page, provider=provider), lambda row: row._asdict()
    )


@router.get("/notices", operation_id="list_notices", responses=LISTED)
@may("read")
async def notices(call: CallDep, listing: ListingDep, *, unsent: bool = False) -> Response:
    """Notices, the latest first; `unsent`: those that are not out."""
    await have(call, listing, "notices")
    return page_answer(
        await call.parts.read_models.notices.page(listing.page, unsent=unsent), lambda row: row._asdict()
    )


@router.get("/suggestions", operation_id="list_suggestions")
@may("read")
async def suggestions(
    call: CallDep,
    field: Annotated[str, Query(max_length=64, description="A kind, such as customer")],
    q: Annotated[str, Query(max_length=200, description="What was typed so far")] = "",
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
    at_least: AtLeast = None,
) -> Response:
    """What a field may be filled with, as somebody types: codes of a kind; numbers and references of invoices."""
    if field in ("number", "reference"):
        await have_position(call, at_least, "invoice_list")
        return Json({"items": await _of_invoices(call, field, q, limit)})
    kind = KIND_OF_PATH.get(field) or KINDS.get(field)
    if kind is None:
        raise Problem(
            400,
            "invalid-parameter",
            f"field: {', '.join(k.name for k in KIND_OF_PATH.values())}, number and reference are known.",
            errors=[{"parameter": "field", "detail": "is no kind"}],
        )
    await have_position(call, at_least, "reference_list")
    found = await call.parts.read_models.reference_list.suggest(kind.name, q, limit)
    return Json({"items": [{"value": code, "label": name or code} for code, name in found]})


async def _of_invoices(call: Call, field: str, q: str, limit: int) -> list[dict[str, Any]]:
    """The newest invoices whose number or reference has a text; the label says whose it is."""
    # Only final invoices have numbers: as long as nothing was typed, those are what to look among.
    wanted = (
        InvoiceFilter(number=q or None, view="approved") if field == "number" else InvoiceFilter(reference=q or None)
    )
    today = call.parts.business_date(call.now)
    page = await call.parts.read_models.invoice_list.page(wanted, PageRequest(limit, None, count=False), today)
    found: list[dict[str, Any]] = []
    for item in page.items:
        value = getattr(item.row, field)
        if value is not None:
            found.append({"value": value, "label": f"{value} · {item.customer_name or item.row.customer}"})
    return found


def reference_view(row: ReferenceRow) -> dict[str, Any]:
    """A row of reference data: as the single resource, less what depends on the caller."""
    return {
        "id": row.id,
        "kind": row.kind,
        "version": row.version,
        "status": "erased" if row.erased else "retired" if row.retired else "active",
        "created_at": instant(row.created_at),
        "saved_at": instant(row.saved_at),
        **row.body,
    }


def summary_view(day: DaySummary) -> dict[str, Any]:
    """One day."""
    return {
        "day": day.day,
        "providers": [_provider_view(provider) for provider in day.providers],
        "mail": day.mail and day.mail._asdict(),
    }


def _provider_view(provider: ProviderSummary) -> dict[str, Any]:
    shown = provider.model_dump()
    for total, exact in zip(shown["totals"], provider.totals, strict=True):
        total["total"] = money(exact.total, exact.currency)
    for change, exact_change in zip(shown["changed"], provider.changed, strict=True):
        for name in ("imported_total", "reported_total"):
            change[name] = money(getattr(exact_change, name), exact_change.currency)
    return shown
