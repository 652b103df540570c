"""A row of the customer invoice list as JSON, and the search of that list as query parameters."""

from calendar import monthrange
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Final

from fastapi import Depends, Query

from commands.caller import Caller
from domain.customer_invoice.events import InvoiceType
from domain.money import rounded
from projections.invoice_list.queries import InvoiceFilter, InvoiceItem, ListedStatus, View
from projections.invoice_list.rows import InvoiceRow
from services.api.customer_invoice_view import SAME_FAILURES
from services.api.fields import Amount
from services.api.problems import Problem
from services.api.rendering import exact, instant, money

SET_UP_OR_SUPPORT: Final = (
    "It failed so again and again: trying once more won't help. Mend the set-up it names, or ask for support."
)
MONTH: Final = r"^\d{4}-(0[1-9]|1[0-2])$"
Month = Annotated[str | None, Query(pattern=MONTH, description="YYYY-MM: periods that touch it")]


def month_of(text: str) -> tuple[date, date]:
    """First and last day of `YYYY-MM`; Problem 400 for a year that no calendar has."""
    year, month = int(text[:4]), int(text[5:])
    if year < 1:
        raise Problem(400, "invalid-parameter", "month is YYYY-MM, from 0001-01 on.", errors=[{"parameter": "month"}])
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


async def _search(
    *,
    view: View = "all",
    customer: Annotated[str | None, Query(max_length=64)] = None,
    cluster: Annotated[str | None, Query(max_length=64)] = None,
    descendants: Annotated[bool, Query(description="Clusters below `cluster`, too")] = False,
    contract: Annotated[str | None, Query(max_length=200, description="Its number")] = None,
    schedule: Annotated[str | None, Query(max_length=200, description="The id of a schedule's entry")] = None,
    reference: Annotated[str | None, Query(max_length=200, description="A part of one")] = None,
    number: Annotated[str | None, Query(max_length=200, description="A part of one")] = None,
    status: Annotated[list[ListedStatus] | None, Query(max_length=10)] = None,
    type: Annotated[list[InvoiceType] | None, Query(max_length=10)] = None,  # noqa: A002 - the contract's name
    empty: Annotated[bool | None, Query(description="With no item, or with some")] = None,
    total_from: Amount | None = None,
    total_to: Amount | None = None,
    period_from: date | None = None,
    period_to: date | None = None,
    month: Month = None,
) -> InvoiceFilter:
    if month is not None and (period_from is not None or period_to is not None):
        raise Problem(
            400, "invalid-parameter", "Give a month, or period_from and period_to.", errors=[{"parameter": "month"}]
        )
    first, last = (period_from, period_to) if month is None else month_of(month)
    wanted = InvoiceFilter(
        view=view,
        customer=customer,
        cluster=cluster,
        descendants=descendants,
        contract=contract,
        schedule=schedule,
        reference=reference,
        number=number,
        statuses=frozenset(status or ()),
        types=frozenset(type or ()),
        empty=empty,
        total_from=total_from,
        total_to=total_to,
        period_from=first,
        period_to=last,
    )
    if wanted.contradiction is not None:
        raise Problem(400, "invalid-parameter", f"{wanted.contradiction}: nothing could match.")
    return wanted


SearchDep = Annotated[InvoiceFilter, Depends(_search)]
"""Every search field of the list as query parameters."""


def item_view(caller: Caller) -> Callable[[InvoiceItem], dict[str, Any]]:
    """How this caller sees an item; who did what is for those who may read histories."""
    people = caller.may("history.read")

    def view(item: InvoiceItem) -> dict[str, Any]:
        row = item.row
        return {
            **_header(item),
            "revenue_total": row.revenue_total if row.revenue_total is None else money(row.revenue_total, row.currency),
            "cost_total": row.cost_total
            if row.cost_total is None
            else money(rounded(row.cost_total, row.currency), row.currency),
            "item_count": row.items,
            "lines": row.lines,
            "cost": exact(row.cost),
            "status": row.status,
            "stale": row.stale,
            "reason": row.reason,
            "last_calculated": row.last_calculated,
            "ready_from": row.ready_from if row.superseded_by is None else None,
            "superseded_by": row.superseded_by,
            "failure": _failure(row),
            "approval": _approval(row, people=people),
            "approval_date": row.approval_date,
            "series": row.series,
            "comments": row.comments,
            "created_at": row.created_at,
            "changed_at": row.changed_at,
            "position": row.position,
            "incomplete_since": item.incomplete_since and instant(item.incomplete_since),
        }

    return view


def _header(item: InvoiceItem) -> dict[str, Any]:
    row = item.row
    return {
        "id": row.id,
        "version": row.version,
        "number": row.number,
        "reference": row.reference,
        "type": row.invoice_type,
        "customer": row.customer,
        "customer_id": row.customer_id,
        "customer_name": item.customer_name,
        "cluster": item.cluster,
        "contract": row.contract,
        "schedules": row.schedules,
        "invoice_date": row.invoice_date,
        "period_from": row.period_from,
        "period_to": row.period_to,
        "currency": row.currency,
    }


def _failure(row: InvoiceRow) -> dict[str, Any] | None:
    if row.status != "error":
        return None
    return {
        "code": row.failure_code,
        "message": row.failure_message,
        "product": row.failure_product,
        "rule": row.failure_rule,
        "tries": row.failure_tries,
        "since": row.failing_since and instant(row.failing_since),
        "advice": SET_UP_OR_SUPPORT if row.failure_tries >= SAME_FAILURES else None,
    }


def _approval(row: InvoiceRow, *, people: bool) -> dict[str, Any] | None:
    if row.status != "approving":
        return None
    shown: dict[str, Any] = {
        "process": row.process,
        "step": row.step,
        "steps": len(row.steps),
        "group": row.step_group,
        "four_eyes": row.four_eyes,
        "approvals": len(row.approvers),
        "requested_at": row.requested_at and instant(row.requested_at),
    }
    return shown | ({"requested_by": row.requested_by, "approvers": row.approvers} if people else {})
