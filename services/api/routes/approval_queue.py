"""/approval-queue: what this caller can approve now, one by one."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from commands.customer_invoice.approvable import approvable
from commands.customer_invoice.comments import Said, comments_of
from commands.customer_invoice.rules import Setting
from domain.customer_invoice.approval_events import ApprovalStep, CustomerSnapshot
from domain.customer_invoice.state import Approval, CustomerInvoice
from projections.approval_queue.queries import OneClick, Queue, QueueScope
from projections.invoice_list.queries import InvoiceItem
from projections.invoice_list.rows import InvoiceRow
from projections.paging import Page, PageRequest
from services.api.access import may
from services.api.call import Call, CallDep
from services.api.customer_invoice_view import BASE, actions_view, said_view
from services.api.invoice_list_view import Month, item_view, month_of
from services.api.lists import ListingDep, have, page_answer
from services.api.models import Listed
from services.api.route import ApiRoute

router = APIRouter(prefix="/v1", route_class=ApiRoute, tags=["customer-invoices"])


@router.get("/approval-queue", operation_id="list_approval_queue", responses={200: {"model": Listed}})
@may("read")
async def approval_queue(
    call: CallDep,
    listing: ListingDep,
    *,
    month: Month = None,
    customer: Annotated[str | None, Query(max_length=64)] = None,
    cluster: Annotated[str | None, Query(max_length=64)] = None,
    descendants: Annotated[bool, Query(description="Clusters below `cluster`, too")] = False,
) -> Response:
    """What waits for this caller, in the order of numbers: end of period, customer, id.

    An invoice waits for members of the step's group who did not approve it yet (under four eyes: nor requested it, nor
    approved an earlier step), and, where the process is one click, as soon as its period is past. `progress.done` is
    what this caller approved of the same month, customer and cluster; without a month: today, or still in approval.
    """
    await have(call, listing, "invoice_list", "reference_list")
    first, last = (None, None) if month is None else month_of(month)
    scope = await _scope(call, first=first, last=last, customer=customer, cluster=cluster, descendants=descendants)
    if scope is None:
        return page_answer(Page([], None, 0), dict, progress={"done": 0, "total": 0})
    today = call.parts.business_date(call.now)
    queue = await call.parts.read_models.approval_queue.page(scope, listing.page, today, call.now)
    beyond: str | None = None
    if queue.page.next_cursor is not None:  # the last one of a page has a next one, too
        first_of_next = PageRequest(1, queue.page.next_cursor, count=False)
        later = await call.parts.read_models.approval_queue.page(scope, first_of_next, today, call.now)
        beyond = later.page.items[0].row.id if later.page.items else None
    return await _answer(call, queue, beyond)


async def _scope(call: Call, **asked: Any) -> QueueScope | None:  # noqa: ANN401 - fields of many types
    """Whose queue; None for a caller whose key may not approve."""
    if not call.caller.may("customer-invoice.approve"):
        return None
    rules = await call.parts.invoicing.rulebook.rules()
    mine = approvable(rules, call.caller.actor)
    return QueueScope(
        person=call.caller.actor,
        groups=mine.groups,
        any_group=mine.any_group,
        one_click=OneClick(
            processes=mine.one_click_processes,
            known_processes=frozenset(rules.processes),
            clusters=mine.one_click_clusters,
            known_clusters=frozenset(rules.clusters.by_code),
            otherwise=mine.otherwise,
        ),
        **asked,
    )


async def _answer(call: Call, queue: Queue, beyond: str | None) -> Response:
    items = queue.page.items
    settings = await call.parts.invoicing.rulebook.settings(
        [i.row.customer for i in items], call.now, call.parts.zone_name
    )
    after: dict[str, str | None] = {one.row.id: two.row.id for one, two in pairwise(items)}
    if items:
        after[items[-1].row.id] = beyond
    said = await _comments(call, [item.row for item in items])
    view = item_view(call.caller)

    def shown(item: InvoiceItem) -> Mapping[str, Any]:
        following = after.get(item.row.id)
        return {
            **view(item),
            "comments": [said_view(one) for one in said.get(item.row.id, ())],
            "available_actions": _actions(call, item.row, settings[item.row.customer]),
            "href": f"{BASE}/{item.row.id}",
            "next": following and {"id": following, "href": f"{BASE}/{following}"},
        }

    left = queue.page.total
    progress = {"done": queue.done, "total": None if left is None else queue.done + left}
    return page_answer(queue.page, shown, progress=progress)


async def _comments(call: Call, rows: Sequence[InvoiceRow]) -> Mapping[str, Sequence[Said]]:
    """What was said about those that anything can have been said about."""
    asked = [row.id for row in rows if row.comments or row.status == "approving"]
    found = await asyncio.gather(*(comments_of(call.parts.store, UUID(id_)) for id_ in asked))
    return dict(zip(asked, found, strict=True))


def _actions(call: Call, row: InvoiceRow, setting: Setting) -> list[dict[str, Any]]:
    return actions_view(_state(row), setting, call.caller)


def _state(row: InvoiceRow) -> CustomerInvoice:
    """As far as rules about what one may do look at it: what it holds is not needed for that."""
    return CustomerInvoice(
        customer=row.customer,
        reference=row.reference,
        currency=row.currency,
        invoice_type=row.invoice_type,  # type: ignore[arg-type]  # the column holds what the event said
        invoice_date=row.invoice_date,
        period_from=row.period_from,
        period_to=row.period_to,
        status=row.status,  # type: ignore[arg-type]  # likewise
        version=row.version,
        approval=None if row.step is None else _approval(row),
        comments=row.comments,
    )


def _approval(row: InvoiceRow) -> Approval:
    return Approval(
        process=row.process or "",
        process_version=0,
        steps=tuple(ApprovalStep(group=s["group"], approvals=s["approvals"]) for s in row.steps),
        four_eyes=row.four_eyes,
        requested_by=row.requested_by or "",
        snapshot=CustomerSnapshot(code=row.customer, version=row.snapshot_version or 0, name=""),
        step=row.step or 1,
        approvers=tuple(row.approvers),
        steps_done=tuple(tuple(people) for people in row.steps_done),
    )
