"""/provider-invoices: typed in, read, corrected, deleted, listed."""

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field, ValidationError
from starlette.responses import Response

from commands.provider_invoice.correct_header import correct_header
from commands.provider_invoice.create import create
from commands.provider_invoice.desk import load, stream_of
from commands.provider_invoice.used import usage_of
from domain.provider_invoice.actions import NOTHING_USED
from domain.provider_invoice.parts import Header
from projections.provider_invoices.queries import ProviderInvoiceFilter, ProviderInvoiceItem
from services.api.access import may
from services.api.call import CallDep, etag, id_in_path
from services.api.fields import Amount, Currency, Day, Flag
from services.api.histories import AfterVersion, AsOf, EventsLimit, history_answer, history_of, state_shown
from services.api.lists import ListingDep, have, page_answer
from services.api.models import EventShape, Listed, RequestBody, Shape
from services.api.problems import Problem, pointer
from services.api.provider_invoice_verb import run_verb
from services.api.provider_invoice_view import invoice_view, told
from services.api.rendering import Json, exact, instant, money
from services.api.route import ApiRoute
from services.api.routes.reference import CREATED, DONE

router = APIRouter(prefix="/v1/provider-invoices", route_class=ApiRoute, tags=["provider-invoices"])
MODEL = "provider_invoices"


class NewProviderInvoice(RequestBody):
    """The header of a manual invoice; provider and number are its identity, so a repeat makes no second one."""

    provider: Annotated[str, Field(min_length=1, max_length=64, examples=["ACME"])]
    invoice_number: Annotated[str, Field(min_length=1, max_length=200, examples=["F-2026-01"])]
    invoice_date: Day
    period_from: Day
    period_to: Day
    currency: Currency
    total: Amount
    tax_included: Flag = True


class HeaderChange(RequestBody):
    """Fields of the header that are typed in anew; the others stay."""

    invoice_date: Day | None = None
    period_from: Day | None = None
    period_to: Day | None = None
    currency: Currency | None = None
    total: Amount | None = None
    tax_included: Flag | None = None


class ProviderInvoiceShape(Shape):
    """A provider invoice."""

    id: str
    version: int
    provider: str
    invoice_number: str
    source: Literal["automatic", "manual"]
    status: Literal["active", "inactive", "deleted"]
    status_reason: Literal["populating", "active", "error", "deactivated"] | None
    reasons: list[str]
    messages: list[str]
    attempt: int
    currency: str
    total: str


@router.post("", operation_id="create_provider_invoice", status_code=201, responses=CREATED)
@may("provider-invoice.create")
async def create_invoice(call: CallDep, body: NewProviderInvoice) -> Response:
    """Type in a manual invoice; it waits for lines and activation. The same header again answers 200."""
    header = header_of(
        invoice_date=body.invoice_date,
        period_from=body.period_from,
        period_to=body.period_to,
        currency=body.currency,
        total=body.total,
        tax_included=body.tax_included,
    )
    return await call.command(
        lambda answer: create(
            call.parts.invoices,
            call.origin(),
            provider=body.provider,
            number=body.invoice_number,
            header=header,
            expected=call.if_match,
            answer=answer,
        ),
        lambda outcome: told(outcome, call.caller),
        forever=True,
    )


@router.get("", operation_id="list_provider_invoices", responses={200: {"model": Listed}})
@may("read")
async def list_invoices(
    call: CallDep,
    listing: ListingDep,
    *,
    provider: Annotated[str | None, Query(max_length=64)] = None,
    number: Annotated[str | None, Query(max_length=200, description="A part of one")] = None,
    source: Literal["automatic", "manual"] | None = None,
    status: Annotated[list[Literal["active", "inactive", "deleted"]] | None, Query()] = None,
    status_reason: Annotated[list[Literal["populating", "active", "error", "deactivated"]] | None, Query()] = None,
    reason: Annotated[
        list[Literal["unresolved_references", "checksum_failed", "import_failed"]] | None, Query()
    ] = None,
    overridden: bool | None = None,
    overridden_by: Annotated[str | None, Query(max_length=200)] = None,
    changed: Annotated[bool | None, Query(description="The provider reports another total")] = None,
    currency: Annotated[str | None, Query(max_length=3)] = None,
    total_from: Amount | None = None,
    total_to: Amount | None = None,
    invoice_date_from: date | None = None,
    invoice_date_to: date | None = None,
    period_from: date | None = None,
    period_to: date | None = None,
) -> Response:
    """Newest first, by the end of the period; deleted ones only when asked for."""
    wanted = ProviderInvoiceFilter(
        provider=provider,
        number=number,
        source=source,
        statuses=frozenset(status or ()),
        status_reasons=frozenset(status_reason or ()),
        reasons=frozenset(reason or ()),
        overridden=overridden,
        overridden_by=overridden_by,
        changed=changed,
        currency=currency,
        total_from=total_from,
        total_to=total_to,
        invoice_date_from=invoice_date_from,
        invoice_date_to=invoice_date_to,
        period_from=period_from,
        period_to=period_to,
    )
    await have(call, listing, MODEL)
    return page_answer(await call.parts.read_models.provider_invoices.page(wanted, listing.page), item_view)


@router.get("/{invoice}", operation_id="get_provider_invoice", responses={200: {"model": ProviderInvoiceShape}})
@may("read")
async def get_invoice(call: CallDep, invoice: str, as_of: AsOf = None) -> Response:
    """One invoice, read from its aggregate; `as_of` shows it as it was."""
    wanted = id_in_path(invoice)
    version = None
    if as_of is not None:
        version = (await history_of(call, stream_of(wanted), as_of)).version
    loaded = await load(call.parts.invoices, wanted, to_version=version)
    usage = NOTHING_USED if as_of else await usage_of(call.parts.invoices, wanted, loaded.state)
    shown = invoice_view(wanted, loaded.history.version, loaded.state, usage, call.caller)
    return Json(state_shown(shown, as_of), headers=etag(loaded.history.version))


@router.patch("/{invoice}", operation_id="correct_provider_invoice", responses=DONE)
@may("provider-invoice.correct")
async def correct(call: CallDep, invoice: str, body: HeaderChange) -> Response:
    """Type in the header of a manual invoice anew; one in error or deactivated begins its next attempt."""
    given = {name: getattr(body, name) for name in body.model_fields_set}
    verb = partial(correct_header, header=lambda present: header_of(**{**dict(present), **given}))
    return await run_verb(call, call.parts.invoices, invoice, verb)


@router.get(
    "/{invoice}/events", operation_id="list_provider_invoice_events", responses={200: {"model": list[EventShape]}}
)
@may("history.read")
async def events(call: CallDep, invoice: str, after: AfterVersion = 0, limit: EventsLimit = 100) -> Response:
    """The history of one invoice: who did what, when and why."""
    return await history_answer(call, stream_of(id_in_path(invoice)), after, limit)


def header_of(**fields: Any) -> Header:  # noqa: ANN401 - fields of a header, as they were read
    """A sound header; Problem 422 says what is not."""
    try:
        return Header(**fields)
    except ValidationError as wrong:
        errors = [
            {"pointer": pointer(e["loc"]), "detail": e["msg"].removeprefix("Value error, ")}
            for e in wrong.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise Problem(
            422, "invalid-header-fields", f"The header can't be: {errors[0]['detail']}.", errors=errors
        ) from None


def item_view(item: ProviderInvoiceItem) -> dict[str, Any]:
    """A row of the list."""
    row = item.row._asdict()
    currency = item.row.currency
    for name in ("total", "lines_total", "difference", "overridden", "change_total"):
        row[name] = _shown(row[name], currency)
    row["invoice_number"] = row.pop("number")
    row["incomplete_since"] = item.incomplete_since and instant(item.incomplete_since)
    usage = item.usage
    row["usage"] = usage and {
        name: exact(value) if isinstance(value := getattr(usage, name), Decimal) else value
        for name in usage.__dataclass_fields__
    }
    return row


def _shown(amount: Decimal | None, currency: str) -> str | None:
    return None if amount is None else money(amount, currency)
