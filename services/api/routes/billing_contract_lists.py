"""Lists about billing contracts: the contracts, their invoices, the entries of their schedules."""

from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from starlette.responses import Response

from commands.billing_contract.desk import load
from commands.billing_contract.plan import planned
from domain.billing_contract.cycles import Frequency, checked_day
from domain.billing_contract.parts import LineKind, Task
from domain.billing_contract.schedule import Kind
from projections.billing_contracts.queries import ContractFilter, ContractItem, ScheduleFilter
from projections.billing_contracts.rows import BillingScheduleRow
from projections.invoice_list.queries import InvoiceFilter, View
from services.api.access import may
from services.api.billing_contract_view import planned_view
from services.api.call import CallDep, id_in_path
from services.api.fields import Day
from services.api.invoice_list_view import item_view
from services.api.lists import ListingDep, have, page_answer
from services.api.models import Listed
from services.api.rendering import Json
from services.api.route import ApiRoute

router = APIRouter(prefix="/v1", route_class=ApiRoute, tags=["billing-contracts"])
LISTED: Final[dict[int | str, dict[str, Any]]] = {200: {"model": Listed}}
BASE: Final = "/v1/billing-contracts"
Text = Annotated[str | None, Query(max_length=200)]
_YEAR: Final = timedelta(days=366)


@router.get("/billing-contracts", operation_id="list_billing_contracts", responses=LISTED)
@may("read")
async def list_contracts(
    call: CallDep,
    listing: ListingDep,
    *,
    q: Annotated[str | None, Query(max_length=200, description="A part of number or name")] = None,
    number: Text = None,
    customer: Text = None,
    status: Literal["active", "ended"] | None = None,
    currency: Annotated[str | None, Query(max_length=3)] = None,
    frequency: Frequency | None = None,
    kind: Annotated[LineKind | None, Query(description="With a line of this kind")] = None,
    task: Annotated[Task | None, Query(description="With this post-invoicing task enabled")] = None,
    billed_on: Annotated[date | None, Query(description="In force on this day")] = None,
) -> Response:
    """The newest first; any combination of filters."""
    wanted = ContractFilter(
        search=q,
        number=number,
        customer=customer,
        status=status,
        currency=currency,
        frequency=frequency,
        kind=kind,
        task=task,
        billed_on=billed_on,
    )
    await have(call, listing, "billing_contracts")
    return page_answer(await call.parts.read_models.billing_contracts.page(wanted, listing.page), _contract_view)


@router.get("/billing-schedules", operation_id="list_billing_schedules", responses=LISTED)
@may("read")
async def list_schedules(
    call: CallDep,
    listing: ListingDep,
    *,
    contract: Annotated[str | None, Query(max_length=200, description="Its number")] = None,
    customer: Annotated[str | None, Query(max_length=64, description="With an invoice of an entry")] = None,
    kind: Kind | None = None,
    line: Annotated[str | None, Query(max_length=64)] = None,
    status: Literal["active", "inactive"] | None = None,
    reason: Literal["invoiced", "nothing_to_bill", "cancelled"] | None = None,
    skipped: Annotated[bool | None, Query(description="With a line that could not be billed")] = None,
    run_from: date | None = None,
    run_to: date | None = None,
) -> Response:
    """Entries that something happened to, the latest run date first. What is still to come is computed from a contract:
    `/billing-contracts/{id}/schedules`.
    """
    wanted = ScheduleFilter(
        contract=contract,
        customer=customer,
        kind=kind,
        line=line,
        status=status,
        reason=reason,
        skipped=skipped,
        run_from=run_from,
        run_to=run_to,
    )
    await have(call, listing, "billing_contracts")
    return page_answer(await call.parts.read_models.billing_contracts.schedules(wanted, listing.page), _entry_row_view)


@router.get(
    "/billing-contracts/{contract}/schedules", operation_id="list_schedules_of_billing_contract", responses=LISTED
)
@may("read")
async def schedules(
    call: CallDep,
    contract: str,
    past_from: Annotated[Day | None, Query(description="First run date; a year back when left out")] = None,
) -> Response:
    """Past entries (at most 1,000, the latest) and the next 12 by run date, with what became of each; from the record,
    so that what was just billed is there.
    """
    history, state = await load(call.parts.store, id_in_path(contract))
    today = call.now.astimezone(ZoneInfo(state.terms.time_zone)).date()
    first = today - _YEAR if past_from is None else checked_day(past_from)
    found = await planned(call.parts.store, history.stream.id, state, first, today)
    items = [planned_view(one, state) for one in found]
    return Json({"items": items, "next_cursor": None, "total": len(items), "today": today})


@router.get(
    "/billing-contracts/{contract}/invoices", operation_id="list_invoices_of_billing_contract", responses=LISTED
)
@may("read")
async def invoices(call: CallDep, contract: str, listing: ListingDep, view: View = "all") -> Response:
    """The contract's invoices to all of its customers, newest first."""
    _, state = await load(call.parts.store, id_in_path(contract))
    await have(call, listing, "invoice_list")
    today = call.parts.business_date(call.now)
    wanted = InvoiceFilter(contract=state.number, view=view)
    page = await call.parts.read_models.invoice_list.page(wanted, listing.page, today, call.now)
    return page_answer(page, item_view(call.caller))


def _contract_view(item: ContractItem) -> dict[str, Any]:
    row = item.row
    return {
        "id": row.id,
        "version": row.version,
        "number": row.number,
        "name": row.name,
        "status": row.status,
        "customers": row.customers,
        "currency": row.currency,
        "from": row.starts,
        "to": row.ends,
        "frequency": row.frequency,
        "approval": row.approval,
        "post_invoicing_tasks": row.tasks,
        "time_zone": row.time_zone,
        "lines": row.lines,
        "kinds": row.kinds,
        "recorded_on": row.recorded_on,
        "last_billed": item.last_billed,
        "created_at": row.created_at,
        "changed_at": row.last_event_at,
        "position": row.position,
        "href": f"{BASE}/{row.id}",
    }


def _entry_row_view(row: BillingScheduleRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "contract": row.contract,
        "contract_id": row.contract_id,
        "kind": row.kind,
        "line": row.line,
        "milestone": row.milestone,
        "from": row.period_from,
        "to": row.period_to,
        "run_date": row.run_date,
        "last_run": row.closing,
        "status": row.status,
        "reason": row.reason,
        "invoice_date": row.day,
        "invoices": [one | {"href": f"/v1/customer-invoices/{one['id']}"} for one in row.invoices],
        "skipped": row.skipped,
        "received_lines": row.received_lines,
        "changed_at": row.last_event_at,
        "position": row.position,
    }
