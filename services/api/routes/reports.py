"""/reports: licences that nobody is billed for, and contract lines that nothing was bought for."""

from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from projections.contract_lines.queries import BilledNotBought, BoughtNotBilled, LicenceFilter
from services.api.access import may
from services.api.call import CallDep
from services.api.invoice_list_view import Month, month_of
from services.api.lists import ListingDep, have, page_answer
from services.api.models import Listed
from services.api.problems import Problem
from services.api.rendering import exact
from services.api.route import ApiRoute

router = APIRouter(prefix="/v1/reports", route_class=ApiRoute, tags=["reports"])
LISTED: Final[dict[int | str, dict[str, Any]]] = {200: {"model": Listed}}


async def _wanted(
    call: CallDep,
    *,
    month: Month = None,
    period_from: date | None = None,
    period_to: date | None = None,
    customer: Annotated[str | None, Query(max_length=64)] = None,
) -> LicenceFilter:
    """The days to look at: a month, or from one day to another; without either the last month that is over."""
    if month is not None and (period_from is not None or period_to is not None):
        raise Problem(
            400, "invalid-parameter", "Give a month, or period_from and period_to.", errors=[{"parameter": "month"}]
        )
    if period_from is None or period_to is None:
        if period_from is not None or period_to is not None:
            raise Problem(
                400, "invalid-parameter", "Give both, period_from and period_to.", errors=[{"parameter": "period_to"}]
            )
        before = call.parts.business_date(call.now).replace(day=1) - timedelta(days=1)
        first, last = month_of(month or f"{before:%Y-%m}")
    else:
        first, last = period_from, period_to
    if last < first:
        raise Problem(422, "period-backwards", "period_to lies before period_from.")
    return LicenceFilter(first=first, last=last, customer=customer)


WantedDep = Annotated[LicenceFilter, Depends(_wanted)]


@router.get("/bought-not-billed", operation_id="report_bought_not_billed", responses=LISTED)
@may("reports.read")
async def bought_not_billed(call: CallDep, listing: ListingDep, wanted: WantedDep) -> Response:
    """Licences of active provider invoices that no contract's subscription line passes on."""
    await have(call, listing, "contract_lines", "billing_contracts", "provider_invoices")
    page = await call.parts.read_models.licences.bought_not_billed(wanted, listing.page)
    return page_answer(page, _bought, period_from=wanted.first, period_to=wanted.last)


@router.get("/billed-not-bought", operation_id="report_billed_not_bought", responses=LISTED)
@may("reports.read")
async def billed_not_bought(call: CallDep, listing: ListingDep, wanted: WantedDep) -> Response:
    """Subscription lines in force, of a product or subscription, for which no licence was bought."""
    await have(call, listing, "contract_lines", "billing_contracts", "provider_invoices")
    page = await call.parts.read_models.licences.billed_not_bought(wanted, listing.page)
    return page_answer(page, _billed, period_from=wanted.first, period_to=wanted.last)


def _bought(one: BoughtNotBilled) -> dict[str, Any]:
    return {
        "customer": one.customer,
        "product": one.product,
        "subscription": one.subscription,
        "currency": one.currency,
        "lines": one.lines,
        "quantity": None if one.quantity is None else exact(one.quantity),
        "cost": exact(one.cost),
        "from": one.first_day,
        "to": one.last_day,
        "provider_invoices": one.invoices,
    }


def _billed(one: BilledNotBought) -> dict[str, Any]:
    return {
        "contract": one.contract,
        "contract_id": one.contract_id,
        "line": one.line,
        "name": one.name,
        "customers": one.customers,
        "product": one.product,
        "subscription": one.subscription,
        "quantity": exact(one.quantity),
        "price": exact(one.price),
        "currency": one.currency,
        "from": one.starts,
        "to": one.ends,
    }
