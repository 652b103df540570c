"""POST /customer-invoices/bulk: one action on many invoices, by ids or by a search that is evaluated once."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field, StringConstraints
from starlette.responses import Response

from commands.customer_invoice.bulk import NEEDS, BulkAction, request_bulk
from commands.handling import Done
from commands.ports.operations import Operation
from domain.customer_invoice.events import InvoiceType
from domain.customer_invoice.lifecycle import MAX_COMMENT
from projections.invoice_list.queries import InvoiceFilter, ListedStatus, View
from services.api.access import may
from services.api.bulk_counts import count_missing, expect_count
from services.api.call import Call, CallDep, ToAnswer
from services.api.fields import Amount, Day, ReasonText
from services.api.invoice_list_view import MONTH, month_of
from services.api.models import RequestBody
from services.api.problems import Problem
from services.api.route import ApiRoute
from services.api.routes.operations import ACCEPTED, accepted

router = APIRouter(prefix="/v1", route_class=ApiRoute, tags=["customer-invoices"])


class Search(RequestBody):
    """Everything that matches: the fields of the list, in any combination."""

    view: View = "all"
    customer: str | None = Field(default=None, max_length=64)
    cluster: str | None = Field(default=None, max_length=64)
    descendants: bool = False
    contract: str | None = Field(default=None, max_length=200)
    schedule: str | None = Field(default=None, max_length=200)
    reference: str | None = Field(default=None, max_length=200)
    number: str | None = Field(default=None, max_length=200)
    statuses: frozenset[ListedStatus] = Field(default=frozenset(), max_length=10)
    types: frozenset[InvoiceType] = Field(default=frozenset(), max_length=10)
    empty: bool | None = None
    total_from: Amount | None = None
    total_to: Amount | None = None
    period_from: Day | None = None
    period_to: Day | None = None
    month: Annotated[str, Field(pattern=MONTH)] | None = None

    def wanted(self) -> InvoiceFilter:
        """As the list is asked. Problem 422 for one that contradicts itself."""
        asked = self.model_dump(exclude={"month"})
        if self.month is not None:
            if self.period_from is not None or self.period_to is not None:
                raise _contradiction("give a month, or period_from and period_to")
            asked["period_from"], asked["period_to"] = month_of(self.month)
        found = InvoiceFilter(**asked)
        if found.contradiction is not None:
            raise _contradiction(found.contradiction)
        return found


class Bulk(RequestBody):
    """One action on many invoices: `ids`, or a `filter`.

    `expected_count` is how many the caller thinks there are: another number is refused before anything is done; a
    filter that says nothing (all there are) needs it.
    """

    action: BulkAction
    ids: Annotated[list[UUID], Field(min_length=1, max_length=100_000)] | None = None
    filter: Search | None = None
    expected_count: Annotated[int, Field(ge=0)] | None = None
    reason: ReasonText | None = None
    comment: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_COMMENT)] | None = (
        None
    )
    include_empty: bool = False


@router.post("/customer-invoices/bulk", operation_id="bulk_customer_invoices", status_code=202, responses=ACCEPTED)
@may("read", bulk_body=True)
async def bulk(call: CallDep, body: Bulk) -> Response:
    """Ask for it: 202 with an operation, which has progress, a result for each invoice, and can be cancelled."""
    call.caller.require(f"customer-invoice.{body.action.replace('_', '-')}")
    call.need_idempotency_key()
    wanted = None if body.filter is None else body.filter.wanted()
    _expect_said(body, wanted)
    asked: dict[str, Any] = {
        "action": body.action,
        "reason": body.reason,
        "comment": body.comment,
        "include_empty": body.include_empty,
        "of": "ids" if body.filter is None else body.filter.model_dump(mode="json", exclude_defaults=True),
    }
    parts = call.parts

    async def run(answer: ToAnswer[Operation] | None) -> Done[Operation]:
        targets = await _targets(call, body, wanted)  # not before: a repeat is told the same, whatever matches by now
        return await request_bulk(parts.invoicing, parts.operations, call.origin(), asked, targets, answer)

    return await call.command(run, lambda operation: accepted(operation, call.caller))


def _contradiction(what: str) -> Problem:
    return Problem(422, "invalid-body", f"filter: {what}.", errors=[{"pointer": "/filter", "detail": what}])


def _expect_said(body: Bulk, wanted: InvoiceFilter | None) -> None:
    if (body.ids is None) == (body.filter is None):
        raise Problem(422, "ids-or-filter", "Name the invoices by ids, or by a filter: one of the two.")
    needed = NEEDS.get(body.action)
    if needed is not None and getattr(body, needed) is None:
        raise Problem(422, f"{needed}-missing", f"{body.action} needs a {needed}.", errors=[{"pointer": f"/{needed}"}])
    if wanted is not None and wanted.all_there_are and body.expected_count is None:
        raise count_missing()


async def _targets(call: Call, body: Bulk, wanted: InvoiceFilter | None) -> Sequence[UUID]:
    found = list(dict.fromkeys(body.ids or ())) if wanted is None else await _matching(call, wanted)
    expect_count(len(found), body.expected_count, "invoices")
    return found


async def _matching(call: Call, wanted: InvoiceFilter) -> Sequence[UUID]:
    limit = call.parts.settings.max_bulk_items
    today = call.parts.business_date(call.now)
    found = await call.parts.read_models.invoice_list.rows(wanted, today, call.now, limit)
    if len(found) > limit:
        raise Problem(422, "too-many-items", f"More than {limit:,} invoices match: narrow the filter.")
    return [UUID(row.id) for row in found]
