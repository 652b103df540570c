"""/problem-invoices and /problems: all that needs somebody."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from commands.jobs.status import JobStatus, all_statuses
from projections.paging import MAX_LIMIT, Page, PageRequest
from projections.problem_invoices.customer_invoices import Approvers, InvoiceProblem
from projections.problem_invoices.queries import ProblemFilter, ProblemItem
from services.api.access import may
from services.api.call import Call, CallDep
from services.api.customer_invoice_view import BASE
from services.api.lists import Listing, ListingDep, have, page_answer
from services.api.models import Listed
from services.api.rendering import instant, money
from services.api.route import ApiRoute

router = APIRouter(prefix="/v1", route_class=ApiRoute, tags=["lists"])
STUCK_AFTER: Final = timedelta(hours=1)
HELD_AFTER: Final = timedelta(days=1)
LATE_AFTER: Final = timedelta(minutes=15)
"""A job that did not start so long after its time does not run."""

LISTED: dict[int | str, dict[str, Any]] = {200: {"model": Listed}}
ProblemKind = Literal[
    "unresolved_references",
    "checksum_failed",
    "import_failed",
    "provider_changed",
    "stuck",
    "calculation_error",
    "approval_stuck",
    "failed_task",
    "unknown_task",
]
Problems = Page[ProblemItem | InvoiceProblem]


@router.get("/problem-invoices", operation_id="list_problem_invoices", responses=LISTED)
@may("read")
async def problem_invoices(
    call: CallDep,
    listing: ListingDep,
    *,
    kind: Annotated[list[ProblemKind] | None, Query()] = None,
    provider: Annotated[str | None, Query(max_length=64)] = None,
    customer: Annotated[str | None, Query(max_length=64)] = None,
    number: Annotated[str | None, Query(max_length=200, description="A part of a number or reference")] = None,
    currency: Annotated[str | None, Query(max_length=3)] = None,
) -> Response:
    """Every invoice that failed once and still needs somebody: why, since when, how often, what to do next."""
    wanted = ProblemFilter(
        kinds=frozenset(kind or ()), provider=provider, customer=customer, number=number, currency=currency
    )
    return page_answer(await _page(call, listing, wanted), problem_view)


@router.get("/problems", operation_id="list_problems", responses=LISTED)
@may("read")
async def problems(call: CallDep, listing: ListingDep) -> Response:
    """All that needs somebody: problem invoices by page; before the first of them what is no invoice's.

    Letters that are not out, jobs that do not run, purchases and usage that no invoice can take, wrong set-ups,
    contracts that the latest run could not bill, what was left at a line's end, superseded invoices that are open.
    """
    await have(call, listing, "import_summaries", "notices", "billing_contracts", "invoice_list")
    page = await _page(call, listing, ProblemFilter())
    others = await _others(call)
    items = [*(others if listing.page.cursor is None else ()), *(_named(item) for item in page.items)]
    total = None if page.total is None else page.total + len(others)
    return page_answer(Page(items, page.next_cursor, total), lambda item: item)


def problem_view(item: ProblemItem | InvoiceProblem) -> dict[str, Any]:
    """A problem invoice."""
    return _ours(item) if isinstance(item, InvoiceProblem) else _theirs(item)


def _named(item: ProblemItem | InvoiceProblem) -> dict[str, Any]:
    kind = "customer_invoice" if isinstance(item, InvoiceProblem) else "provider_invoice"
    return {"problem": kind, **problem_view(item)}


def _theirs(item: ProblemItem) -> dict[str, Any]:
    row = item.row._asdict()
    currency = item.row.currency
    for name in ("total", "difference", "provider_total"):
        if row[name] is not None and currency:
            row[name] = money(row[name], currency)
    row["invoice_number"] = row.pop("number")
    return row | {
        "kinds": item.kinds,
        "messages": item.messages,
        "since": instant(item.since),
        "next_steps": item.next_steps,
        "href": f"/v1/provider-invoices/{item.row.id}",
        "incomplete_since": item.incomplete_since and instant(item.incomplete_since),
    }


def _ours(item: InvoiceProblem) -> dict[str, Any]:
    row = item.row
    return {
        "id": row.id,
        "version": row.version,
        "customer": row.customer,
        "reference": row.reference,
        "type": row.invoice_type,
        "period_from": row.period_from,
        "period_to": row.period_to,
        "currency": row.currency,
        "status": row.status,
        "kinds": (item.kind,),
        "messages": (item.message,),
        "code": item.code,
        "product": row.failure_product,
        "rule": row.failure_rule,
        "tries": item.tries,
        "since": instant(item.since),
        "next_steps": (item.next_step,),
        "href": f"{BASE}/{row.id}",
        "incomplete_since": item.incomplete_since and instant(item.incomplete_since),
    }


async def _page(call: Call, listing: Listing, wanted: ProblemFilter) -> Problems:
    await have(call, listing, "problem_invoices", "invoice_list", "invoice_tasks")
    groups = (await call.parts.invoicing.rulebook.rules()).groups
    approvers = Approvers({g: sorted(m) for g, m in groups.members.items()}, sorted(groups.of(None)))
    models = call.parts.read_models
    return await models.problem_invoices.page(wanted, listing.page, call.now - STUCK_AFTER, approvers)


async def _others(call: Call) -> Sequence[dict[str, Any]]:
    parts, models = call.parts, call.parts.read_models
    notices = await models.notices.page(PageRequest(MAX_LIMIT, None, count=False), unsent=True)
    letters = [r._asdict() for r in notices.items] + [r._asdict() for r in await models.import_summaries.unsent()]
    jobs = await all_statuses(parts.store, parts.jobs, call.now, parts.zone_name)
    found = await models.findings.all(call.now - HELD_AFTER)
    return [
        *({"problem": "letter_unsent", **letter} for letter in letters),
        *(job for status in jobs if (job := _job(call, status)) is not None),
        *(
            {
                "problem": f.problem,
                "messages": (f.message,),
                "since": f.since and instant(f.since),
                "next_steps": (f.next_step,),
                **f.facts,
            }
            for f in found
        ),
    ]


def _job(call: Call, status: JobStatus) -> dict[str, Any] | None:
    """A job whose last run failed, or that should have begun a while ago."""
    last, href = status.last, f"/v1/jobs/{status.job}"
    if last is not None and last.outcome == "failed":
        said = f"The last run of {status.job} ({last.day}) failed after {last.tries} tries: {last.result}"
        steps = f"Mend what the message names, then POST {href}/run."
        since = last.ended_at
    elif status.next_start is not None and status.next_start < call.now - LATE_AFTER and not (last and last.running):
        said = f"{status.job} should have begun at {instant(status.next_start)} and has not."
        steps = "See that a scheduler runs (`ledgerline scheduler`), and read its log."
        since = status.next_start
    else:
        return None
    shown = {"problem": "job_not_running", "job": status.job, "messages": (said,), "next_steps": (steps,), "href": href}
    return shown | {"since": since and instant(since)}
