"""/customer-invoices: begin an ad hoc one, read one, list them."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from adapters.tasks import StoredTasksDue
from commands.customer_invoice.create import AdHoc, create
from commands.customer_invoice.desk import Outcome
from commands.handling import Done
from domain.customer_invoice.state import fold
from domain.identity import Stream
from projections.invoice_list.queries import InvoiceFilter, View
from services.api.access import may
from services.api.call import Call, CallDep, ToAnswer, etag, id_in_path
from services.api.customer_invoice_view import invoice_view, told
from services.api.fields import Currency, Day
from services.api.histories import AfterVersion, AsOf, EventsLimit, history_answer, history_of, state_shown
from services.api.invoice_list_view import SearchDep, item_view
from services.api.lists import Listing, ListingDep, have, page_answer
from services.api.models import EventShape, Listed, RequestBody
from services.api.problems import Problem
from services.api.rendering import Json
from services.api.route import ApiRoute
from services.api.routes.reference import CREATED

router = APIRouter(prefix="/v1", route_class=ApiRoute, tags=["customer-invoices"])
ONE = "/customer-invoices/{invoice}"


class NewCustomerInvoice(RequestBody):
    """An ad hoc invoice; its reference is its identity, so a repeat makes no second one."""

    customer: Annotated[str, Field(min_length=1, max_length=64)]
    reference: Annotated[str, Field(min_length=1, max_length=200)]
    invoice_date: Day
    period_from: Day
    period_to: Day | None = None
    currency: Currency | None = Field(default=None, description="The customer's if left out")


@router.post("/customer-invoices", operation_id="create_customer_invoice", status_code=201, responses=CREATED)
@may("customer-invoice.create")
async def create_invoice(call: CallDep, body: NewCustomerInvoice) -> Response:
    """Begin an ad hoc invoice."""
    wanted = AdHoc(body.customer, body.reference, body.invoice_date, body.period_from, body.currency, body.period_to)

    async def run(answer: ToAnswer[Outcome] | None) -> Done[Outcome]:
        return await create(call.parts.invoicing, call.origin(), wanted, answer=answer)

    return await call.command(run, lambda outcome: told(outcome, call.caller, new=True), forever=True)


@router.get("/customer-invoices", operation_id="list_customer_invoices", responses={200: {"model": Listed}})
@may("read")
async def list_invoices(call: CallDep, listing: ListingDep, wanted: SearchDep) -> Response:
    """Newest first, by the end of the period; any combination of filters."""
    return await _page(call, listing, wanted)


@router.get("/customers/{code}/invoices", operation_id="list_invoices_of_customer", responses={200: {"model": Listed}})
@may("read")
async def list_of_customer(call: CallDep, code: str, listing: ListingDep, view: View = "all") -> Response:
    """The invoices of one customer."""
    return await _page(call, listing, InvoiceFilter(customer=code, view=view))


@router.get(ONE, operation_id="get_customer_invoice")
@may("read")
async def get_invoice(call: CallDep, invoice: str, as_of: AsOf = None) -> Response:
    """One invoice, read from its aggregate; its items have a path of their own."""
    wanted = id_in_path(invoice)
    history = await history_of(call, Stream("customer-invoice", wanted), as_of)
    state = fold(history.facts)
    if state is None:
        raise Problem(404, "customer-invoice-missing", f"There is no customer invoice {wanted}.")
    settings = await call.parts.invoicing.rulebook.settings([state.customer], call.now, call.parts.zone_name)
    pending = as_of is None and any(task.pending for task in state.tasks.values())
    waiting = await StoredTasksDue(call.parts.pool).waiting(wanted) if pending else None
    shown = invoice_view(wanted, history.version, state, settings[state.customer], call.caller, waiting)
    return Json(state_shown(shown, as_of), headers=etag(history.version))


@router.get(f"{ONE}/events", operation_id="list_customer_invoice_events", responses={200: {"model": list[EventShape]}})
@may("history.read")
async def events(call: CallDep, invoice: str, after: AfterVersion = 0, limit: EventsLimit = 100) -> Response:
    """The history of one invoice."""
    return await history_answer(call, Stream("customer-invoice", id_in_path(invoice)), after, limit)


async def _page(call: Call, listing: Listing, wanted: InvoiceFilter) -> Response:
    joined = ["reference_list"] if wanted.cluster or wanted.view == "ready_to_approve" else []
    await have(call, listing, "invoice_list", *joined)
    today = call.parts.business_date(call.now)
    page = await call.parts.read_models.invoice_list.page(wanted, listing.page, today, call.now)
    return page_answer(page, item_view(call.caller))
