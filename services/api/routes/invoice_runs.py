"""/invoice-runs: start a day's run, or one of named contracts; reports that are kept."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from commands.invoice_run.desk import day_report
from commands.invoice_run.request import OnRequest, request_contracts, request_day
from commands.ports.invoice_runs import OUTCOMES, ContractOutcome, RunOutcome, RunReport
from domain.rejected import Rejected
from projections.paging import Page, PageRequest, decode_cursor, encode_cursor
from services.api.access import may
from services.api.call import CallDep
from services.api.lists import ListingDep, page_answer
from services.api.models import Listed, RequestBody
from services.api.problems import Problem
from services.api.rendering import Json, instant
from services.api.route import ApiRoute
from services.api.routes.operations import ACCEPTED, accepted

router = APIRouter(prefix="/v1/invoice-runs", route_class=ApiRoute, tags=["invoice-runs"])


class RunWanted(RequestBody):
    """`date`: as the scheduler's run of that day; or `from`, `to` and `contracts` (ids or numbers): these contracts,
    what was due before they were recorded included, each date as of its own.
    """

    date: dt.date | None = None
    from_: Annotated[dt.date | None, Field(alias="from")] = None
    to: dt.date | None = None
    contracts: (
        Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(min_length=1, max_length=100_000)]
        | None
    ) = None
    trigger_post_invoicing_tasks: bool = False


@router.post("", operation_id="start_invoice_run", status_code=202, responses=ACCEPTED)
@may("invoice-run.start", bulk_body=True)
async def start(call: CallDep, body: RunWanted) -> Response:
    """Start a run: 202 with an operation. A day's run that is under way is joined; a repeat bills nothing twice."""
    runs = call.parts.runs
    by_range = (body.from_, body.to, body.contracts)
    if body.date is not None:
        if any(given is not None for given in by_range) or body.trigger_post_invoicing_tasks:
            raise _one_of_two()
        day = body.date
        return await call.command(
            lambda answer: request_day(runs, call.origin(), day, answer=answer),
            lambda operation: accepted(operation, call.caller),
        )
    if body.from_ is None or body.to is None or body.contracts is None:
        raise _one_of_two()
    wanted = OnRequest(body.from_, body.to, body.contracts, body.trigger_post_invoicing_tasks)
    return await call.command(
        lambda answer: request_contracts(runs, call.origin(), wanted, answer=answer),
        lambda operation: accepted(operation, call.caller),
    )


@router.get("", operation_id="list_invoice_runs", responses={200: {"model": Listed}})
@may("read")
async def list_runs(call: CallDep, listing: ListingDep) -> Response:
    """Reports by day, the newest first."""
    runs, wanted = call.parts.runs.runs, listing.page
    before = None if wanted.cursor is None else _before(wanted.cursor)
    found = await runs.reports(before=before, limit=wanted.limit + 1)
    page, more = found[: wanted.limit], len(found) > wanted.limit
    last = page[-1] if page and more else None
    cursor = None
    if last is not None:
        cursor = encode_cursor((last.day.isoformat(), last.started_at.isoformat(), str(last.id)))
    total = await runs.count_reports() if wanted.count else None
    return page_answer(Page(page, cursor, total), report_view)


@router.get("/{run}", operation_id="get_invoice_run")
@may("read")
async def get_run(
    call: CallDep,
    run: str,
    listing: ListingDep,
    outcome: Annotated[RunOutcome | None, Query(description="Only contracts with this outcome")] = None,
) -> Response:
    """The report of a day, or by its id that of a run on request: counts, and contracts in order of their numbers."""
    id_ = _report_id(run)
    report = await call.parts.runs.runs.report(id_)
    if report is None:
        raise Problem(
            404, "not-found", f"There is no report of {run[:60]!r}: name a day that was run, or a report's id."
        )
    page = await _outcomes(call, report, outcome, listing.page)
    body = {**report_view(report), "outcomes": [outcome_view(one) for one in page.items]}
    return Json({**body, "next_cursor": page.next_cursor})


async def _outcomes(
    call: CallDep, report: RunReport, outcome: RunOutcome | None, wanted: PageRequest
) -> Page[ContractOutcome]:
    after = None
    if wanted.cursor is not None:
        number, contract = decode_cursor(wanted.cursor, 2)
        after = (number, _uuid(contract))
    found = await call.parts.runs.runs.outcomes(report.id, outcome, after=after, limit=wanted.limit + 1)
    page = found[: wanted.limit]
    more = len(found) > wanted.limit
    return Page(page, encode_cursor((page[-1].number, str(page[-1].contract))) if more else None, None)


def report_view(report: RunReport) -> dict[str, Any]:
    """One report: every contract that was due is in one of the counts."""
    name = str(report.id) if report.cause == "request" else report.day.isoformat()
    return {
        "id": report.id,
        "date": report.day,
        "cause": report.cause,
        "from": report.day_from,
        "to": report.day if report.cause == "request" else None,
        "status": report.status,
        "started_at": instant(report.started_at),
        "ended_at": report.ended_at and instant(report.ended_at),
        "contracts": sum(report.counts.get(outcome, 0) for outcome in OUTCOMES),
        "counts": {outcome: report.counts.get(outcome, 0) for outcome in OUTCOMES},
        "invoices": report.invoices,
        "waiting": report.waiting,
        "asked": report.asked,
        "operation": f"/v1/operations/{report.operation}",
        "href": f"/v1/invoice-runs/{name}",
    }


def outcome_view(one: ContractOutcome) -> dict[str, Any]:
    """What a run came to for one contract."""
    return {
        "contract": one.contract,
        "number": one.number,
        "date": one.day,
        "outcome": one.outcome,
        "code": one.code,
        "reason": one.reason,
        "next_try": one.next_try,
        "invoices": [
            {
                "id": made.id,
                "customer": made.customer,
                "reference": made.reference,
                "total": made.total,
                "currency": made.currency,
                "href": f"/v1/customer-invoices/{made.id}",
            }
            for made in one.invoices
        ],
        "warnings": list(one.warnings),
        "ended_at": one.ended_at and instant(one.ended_at),
        "href": f"/v1/billing-contracts/{one.contract}",
    }


def _report_id(run: str) -> UUID:
    try:
        return day_report(dt.date.fromisoformat(run))
    except ValueError:
        return _uuid(run)


def _before(cursor: str) -> tuple[dt.date, dt.datetime, UUID]:
    day, started_at, report = decode_cursor(cursor, 3)
    try:
        return dt.date.fromisoformat(day), dt.datetime.fromisoformat(started_at), UUID(report)
    except ValueError:
        raise Rejected("invalid-cursor", "The cursor is none of this list's: leave it out.", kind="invalid") from None


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Problem(404, "not-found", f"There is no report {text[:60]!r}: name a day, or a report's id.") from None


def _one_of_two() -> Problem:
    return Problem(422, "date-or-contracts", "Give a date alone, or from, to and contracts: one of the two.")
