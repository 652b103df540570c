"""/billing-contracts/{id}/lines: added, changed from a day on, ended; milestones, transactions, what is ready."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import Field
from starlette.responses import Response

from commands.billing_contract import change_line
from commands.billing_contract.add_line import add_line
from commands.billing_contract.books import load_book
from commands.billing_contract.cancel_transaction import cancel_transaction
from commands.billing_contract.desk import Deciding, Outcome
from commands.billing_contract.mark_ready import mark_ready
from commands.billing_contract.record_transactions import Recording, Result, record_transactions
from commands.handling import Done
from services.api.access import may
from services.api.billing_contract_bodies import (
    MAX_MANY,
    End,
    Marked,
    NewContractLine,
    NewMilestone,
    NewPrice,
    NewQuantity,
    NewTransaction,
    Why,
)
from services.api.billing_contract_view import told, transaction_view
from services.api.call import Call, CallDep, ToAnswer, Told, id_in_path
from services.api.models import Listed
from services.api.problems import Problem
from services.api.rendering import Json
from services.api.route import ApiRoute
from services.api.routes.reference import DONE

router = APIRouter(prefix="/v1/billing-contracts/{contract}", route_class=ApiRoute, tags=["billing-contracts"])
OneOrMany = Annotated[
    NewTransaction | Annotated[list[NewTransaction], Field(min_length=1, max_length=MAX_MANY)], Body()
]


@router.post("/lines", operation_id="add_billing_contract_line", responses=DONE)
@may("billing-contract.change")
async def add(call: CallDep, contract: str, body: Annotated[NewContractLine, Body()]) -> Response:
    """Add a line of one of the four kinds; the same one again changes nothing."""
    wanted = id_in_path(contract)

    async def run(answer: ToAnswer[Outcome] | None) -> Done[Outcome]:
        return await add_line(
            call.parts.contracts, call.origin(), wanted, body.wanted(), expected=call.if_match, answer=answer
        )

    return await call.command(run, lambda outcome: told(outcome, call.caller), forever=True)


@router.post("/lines/{line}/quantity", operation_id="change_billing_contract_quantity", responses=DONE)
@may("billing-contract.change")
async def quantity(call: CallDep, contract: str, line: str, body: NewQuantity) -> Response:
    """Another quantity from a day on, not before the line's start."""
    return await _changed(call, id_in_path(contract), change_line.quantity(line, body.from_, body.quantity))


@router.post("/lines/{line}/price", operation_id="change_billing_contract_price", responses=DONE)
@may("billing-contract.change")
async def price(call: CallDep, contract: str, line: str, body: NewPrice) -> Response:
    """Another price from a day on, not before the line's start."""
    return await _changed(call, id_in_path(contract), change_line.price(line, body.from_, body.price))


@router.post("/lines/{line}/end", operation_id="end_billing_contract_line", responses=DONE)
@may("billing-contract.change")
async def end_line(call: CallDep, contract: str, line: str, body: End) -> Response:
    """The line is not billed from `to` on; lines are not deleted."""
    return await _changed(call, id_in_path(contract), change_line.end(line, body.to))


@router.post("/lines/{line}/milestones", operation_id="add_billing_contract_milestone", responses=DONE)
@may("billing-contract.change")
async def milestones(call: CallDep, contract: str, line: str, body: NewMilestone) -> Response:
    """One more milestone of a fixed-price line."""
    return await _changed(call, id_in_path(contract), change_line.milestone(line, body.terms()))


@router.post("/lines/{line}/transactions", operation_id="record_billing_contract_transactions", responses=DONE)
@may("billing-contract.change")
async def transactions(call: CallDep, contract: str, line: str, body: OneOrMany) -> Response:
    """One transaction, or a list of them, each with its own result: the good ones are recorded."""
    wanted = id_in_path(contract)
    many = body if isinstance(body, list) else [body]

    async def run(answer: ToAnswer[Recording] | None) -> Done[Recording]:
        return await record_transactions(
            call.parts.contracts,
            call.origin(),
            wanted,
            line,
            [one.transaction() for one in many],
            alone=not isinstance(body, list),
            expected=call.if_match,
            answer=answer,
        )

    return await call.command(run, lambda recording: _recorded(recording, call), forever=True)


@router.get("/lines/{line}/transactions", operation_id="list_transactions_of_line", responses={200: {"model": Listed}})
@may("read")
async def list_transactions(call: CallDep, contract: str, line: str) -> Response:
    """Those of a line, by date."""
    known = (await load_book(call.parts.store, id_in_path(contract), line)).known()
    ordered = sorted(known.by_id.values(), key=lambda one: (one.day, one.id))
    items = [transaction_view(one, cancelled=one.id in known.cancelled) for one in ordered]
    return Json({"items": items, "next_cursor": None, "total": len(items)})


@router.post(
    "/lines/{line}/transactions/{transaction}/cancel", operation_id="cancel_contract_transaction", responses=DONE
)
@may("billing-contract.change")
async def cancel(call: CallDep, contract: str, line: str, transaction: str, body: Why) -> Response:
    """It will not be billed."""
    wanted = id_in_path(contract)

    async def run(answer: ToAnswer[Outcome] | None) -> Done[Outcome]:
        return await cancel_transaction(
            call.parts.contracts,
            call.origin(),
            wanted,
            line,
            transaction,
            body.reason,
            expected=call.if_match,
            answer=answer,
        )

    return await call.command(run, lambda outcome: told(outcome, call.caller), forever=True)


@router.post("/ready", operation_id="mark_ready_to_invoice", responses=DONE)
@may("billing-contract.change")
async def ready(call: CallDep, contract: str, body: Marked) -> Response:
    """A milestone or a transaction is ready to invoice; 409 `ready-already` the second time."""
    return await _marked(call, id_in_path(contract), body, ready=True)


@router.post("/unready", operation_id="unmark_ready_to_invoice", responses=DONE)
@may("billing-contract.change")
async def unready(call: CallDep, contract: str, body: Marked) -> Response:
    """It is not ready after all; 409 `not-ready` if it was not."""
    return await _marked(call, id_in_path(contract), body, ready=False)


async def _changed(call: Call, contract: UUID, deciding: Deciding) -> Response:
    async def run(answer: ToAnswer[Outcome] | None) -> Done[Outcome]:
        return await change_line.change_line(
            call.parts.contracts, call.origin(), contract, deciding, expected=call.if_match, answer=answer
        )

    return await call.command(run, lambda outcome: told(outcome, call.caller), forever=True)


async def _marked(call: Call, contract: UUID, body: Marked, *, ready: bool) -> Response:
    if (body.milestone is None) == (body.transaction is None):
        raise Problem(
            422,
            "mark-unclear",
            "Name a milestone or a transaction, one of the two.",
            errors=[{"pointer": "/milestone", "detail": "or transaction, one of the two"}],
        )

    async def run(answer: ToAnswer[Outcome] | None) -> Done[Outcome]:
        return await mark_ready(
            call.parts.contracts,
            call.origin(),
            contract,
            body.line,
            ready=ready,
            milestone=body.milestone,
            transaction=body.transaction,
            expected=call.if_match,
            answer=answer,
        )

    return await call.command(run, lambda outcome: told(outcome, call.caller), forever=True)


def _recorded(recording: Recording, call: Call) -> Told:
    answer = told(recording.contract, call.caller)
    return Told({**answer.body, "results": _results(recording.results)}, answer.status, answer.headers)


def _results(results: Sequence[Result]) -> list[dict[str, Any]]:
    return [
        {
            "index": index,
            "id": one.id,
            "result": one.result,
            "error": None if one.refused is None else {"code": one.refused.code, "detail": one.refused.detail},
        }
        for index, one in enumerate(results)
    ]
