"""What is done with a customer invoice: calculated again, approved step by step, commented, closed, deleted."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import Field
from starlette.responses import Response

from commands.customer_invoice.approve import approve
from commands.customer_invoice.close import close
from commands.customer_invoice.comment import comment
from commands.customer_invoice.comments import comments_of
from commands.customer_invoice.delete import delete
from commands.customer_invoice.desk import Outcome, load
from commands.customer_invoice.recalculate import recalculate
from commands.customer_invoice.reject import reject
from commands.customer_invoice.request_approval import request_approval
from commands.customer_invoice.withdraw import withdraw
from commands.handling import Done
from services.api.access import may
from services.api.call import Call, CallDep, ToAnswer, id_in_path
from services.api.customer_invoice_view import said_view, told
from services.api.fields import ReasonText
from services.api.models import Listed, RequestBody
from services.api.rendering import Json
from services.api.route import ApiRoute
from services.api.routes.reference import DONE

Run = Callable[[ToAnswer[Outcome] | None], Awaitable[Done[Outcome]]]
router = APIRouter(prefix="/v1/customer-invoices/{invoice}", route_class=ApiRoute, tags=["customer-invoices"])
Text = Annotated[str, Field(description="At most 10,000 characters", examples=["Checked against the contract."])]


class Why(RequestBody):
    """What ends or undoes something says why."""

    reason: ReasonText


class Comment(RequestBody):
    """Something said; the domain says how long it may be."""

    comment: Text


class MaybeComment(RequestBody):
    """Something said, or nothing."""

    comment: Text | None = None


@router.post("/recalculate", operation_id="recalculate_customer_invoice", responses=DONE)
@may("customer-invoice.recalculate")
async def recalculate_invoice(call: CallDep, invoice: str) -> Response:
    """Have it calculated again: `pending`, and `open` or `error` within seconds.

    Of a contract's invoice the subscription lines are computed anew for the same entries, with the contract as it is
    now; milestones, transactions and usage stay those that it took.
    """
    desk, wanted = call.parts.invoicing, id_in_path(invoice)
    return await _done(
        call,
        lambda answer: recalculate(desk, call.origin(), wanted, expected=call.if_match, answer=answer),
    )


@router.post("/request-approval", operation_id="request_customer_invoice_approval", responses=DONE)
@may("customer-invoice.request-approval")
async def request(call: CallDep, invoice: str) -> Response:
    """Lock it and put it up for approval by the process in force now; 409 `invoice-pending` while totals may change."""
    desk, wanted = call.parts.invoicing, id_in_path(invoice)
    return await _done(
        call,
        lambda answer: request_approval(desk, call.origin(), wanted, expected=call.if_match, answer=answer),
    )


@router.post("/withdraw", operation_id="withdraw_customer_invoice", responses=DONE)
@may("customer-invoice.withdraw")
async def withdraw_request(call: CallDep, invoice: str, body: Why) -> Response:
    """Take the request for approval back, as the one who made it or as an admin: it is reopened."""
    desk, wanted, admin = call.parts.invoicing, id_in_path(invoice), "admin" in call.caller.roles
    return await _done(
        call,
        lambda answer: withdraw(
            desk, call.origin(), wanted, body.reason, admin=admin, expected=call.if_match, answer=answer
        ),
    )


@router.post("/approve", operation_id="approve_customer_invoice", responses=DONE)
@may("customer-invoice.approve")
async def approve_invoice(call: CallDep, invoice: str, body: Annotated[MaybeComment | None, Body()] = None) -> Response:
    """Approve the present step; the last one gives it its number, for good."""
    desk, wanted = call.parts.invoicing, id_in_path(invoice)
    text = body.comment if body else None
    return await _done(
        call,
        lambda answer: approve(desk, call.origin(), wanted, comment=text, expected=call.if_match, answer=answer),
    )


@router.post("/reject", operation_id="reject_customer_invoice", responses=DONE)
@may("customer-invoice.reject")
async def reject_invoice(call: CallDep, invoice: str, body: Comment) -> Response:
    """Send it a step back; from the first step it is reopened and calculated again."""
    desk, wanted = call.parts.invoicing, id_in_path(invoice)
    return await _done(
        call,
        lambda answer: reject(desk, call.origin(), wanted, body.comment, expected=call.if_match, answer=answer),
    )


@router.post("/close", operation_id="close_customer_invoice", responses=DONE)
@may("customer-invoice.close")
async def close_invoice(call: CallDep, invoice: str, body: Why) -> Response:
    """Make it final without sending it: what it holds is written off, and said."""
    desk, wanted = call.parts.invoicing, id_in_path(invoice)
    return await _done(
        call, lambda answer: close(desk, call.origin(), wanted, body.reason, expected=call.if_match, answer=answer)
    )


@router.post("/comments", operation_id="comment_customer_invoice", responses=DONE)
@may("customer-invoice.comment")
async def comment_invoice(call: CallDep, invoice: str, body: Comment) -> Response:
    """Say something about it, at any time before it is final."""
    desk, wanted = call.parts.invoicing, id_in_path(invoice)
    return await _done(
        call, lambda answer: comment(desk, call.origin(), wanted, body.comment, expected=call.if_match, answer=answer)
    )


@router.get("/comments", operation_id="list_customer_invoice_comments", responses={200: {"model": Listed}})
@may("read")
async def list_comments(call: CallDep, invoice: str) -> Response:
    """What was said about it, the oldest first; also with approvals and rejections."""
    wanted = id_in_path(invoice)
    await load(call.parts.invoicing, call.origin(), wanted)
    said = await comments_of(call.parts.store, wanted)
    items = [said_view(one) for one in said]
    return Json({"items": items, "next_cursor": None, "total": len(items)})


@router.delete("", operation_id="delete_customer_invoice", responses=DONE)
@may("customer-invoice.delete")
async def delete_invoice(call: CallDep, invoice: str, body: Why) -> Response:
    """Leave a tombstone; what it had taken is free again."""
    desk, wanted = call.parts.invoicing, id_in_path(invoice)
    return await _done(
        call, lambda answer: delete(desk, call.origin(), wanted, body.reason, expected=call.if_match, answer=answer)
    )


async def _done(call: Call, run: Run) -> Response:
    return await call.command(run, lambda outcome: told(outcome, call.caller), forever=True)
