"""/invoice-number-series: the proof that a series has no gap."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from commands.customer_invoice.certificate import certify
from domain.identity import reference_stream
from domain.numbering.numbers import year_of
from domain.reference.decisions import missing
from domain.reference.invoice_bodies import DEFAULT_CODE, DEFAULT_SERIES, InvoiceNumberSeriesBody
from domain.reference.kinds import KINDS
from domain.reference.state import Absent, fold
from services.api.access import may
from services.api.call import CallDep
from services.api.rendering import Json
from services.api.route import ApiRoute

KIND = KINDS["invoice-number-series"]
router = APIRouter(prefix=f"/v1/{KIND.plural}", route_class=ApiRoute, tags=[KIND.plural])


@router.get("/{code}/certificate", operation_id="certify_invoice_numbers")
@may("read")
async def certificate(
    call: CallDep,
    code: str,
    year: Annotated[int | None, Query(ge=1, le=9999, description="Of the approvals; this year if left out")] = None,
    after: Annotated[int, Query(ge=0, le=2**62, description="Single numbers with a place above this one")] = 0,
    limit: Annotated[int, Query(ge=0, le=100_000, description="So many single numbers at most")] = 10_000,
) -> Response:
    """First, last and count of a year's numbers, recounted, a digest over all, and each with its invoice and date.

    `findings` is empty when there is no gap and no double. A series that never restarts has one for all years.
    """
    state = fold((await call.parts.store.load(reference_stream(KIND.name, code))).facts)
    body = DEFAULT_SERIES if isinstance(state, Absent) else state.body
    if (isinstance(state, Absent) and code != DEFAULT_CODE) or not isinstance(body, InvoiceNumberSeriesBody):
        raise missing(KIND, code)
    counted = year_of(body, year or call.parts.business_date(call.now).year)
    found = await certify(call.parts.store, code, counted, after=after, limit=limit)
    numbers = found.numbers
    recount = found.recount
    return Json(
        {
            "series": code,
            "year": counted,
            "first": recount.first,
            "last": recount.last,
            "count": recount.count,
            "digest": recount.digest,
            "sound": recount.sound,
            "findings": recount.findings,
            "numbers": [
                {
                    "sequence": one.sequence,
                    "number": one.number,
                    "invoice": one.invoice,
                    "reference": one.reference,
                    "customer": one.customer,
                    "date": one.date,
                }
                for one in numbers
            ],
            "next_after": numbers[-1].sequence if limit and len(numbers) == limit else None,
        }
    )
