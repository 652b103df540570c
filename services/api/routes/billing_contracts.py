"""/billing-contracts: sign one, read it, its schedule and its history, amend and end it."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from commands.billing_contract.amend import amend
from commands.billing_contract.desk import Outcome, there
from commands.billing_contract.end import end
from commands.billing_contract.sign import NewContract, sign
from commands.handling import Done
from domain.billing_contract.state import fold
from domain.identity import Stream
from services.api.access import may
from services.api.billing_contract_bodies import AmendedContract, End, NewBillingContract
from services.api.billing_contract_view import contract_view, told
from services.api.call import CallDep, ToAnswer, etag, id_in_path
from services.api.histories import AfterVersion, AsOf, EventsLimit, history_answer, history_of, state_shown
from services.api.models import EventShape
from services.api.rendering import Json
from services.api.route import ApiRoute
from services.api.routes.reference import CREATED, DONE

router = APIRouter(prefix="/v1/billing-contracts", route_class=ApiRoute, tags=["billing-contracts"])
_TERMS: Final = {"from_": "starts", "post_invoicing_tasks": "tasks"}


@router.post("", operation_id="sign_billing_contract", status_code=201, responses=CREATED)
@may("billing-contract.change")
async def sign_contract(call: CallDep, body: NewBillingContract) -> Response:
    """Sign a contract; the same one again answers 200 and changes nothing."""
    wanted = NewContract(
        number=body.number,
        name=body.name,
        customers=[one.share() for one in body.customers],
        currency=body.currency,
        starts=body.from_,
        ends=body.to,
        frequency=body.frequency,
        offset=body.offset,
        refund_policy=body.refund_policy,
        tasks=body.post_invoicing_tasks,
        approval=body.approval,
        time_zone=body.time_zone,
    )

    async def run(answer: ToAnswer[Outcome] | None) -> Done[Outcome]:
        return await sign(call.parts.contracts, call.origin(), wanted, answer=answer)

    return await call.command(run, lambda outcome: told(outcome, call.caller, new=True), forever=True)


@router.get("/{contract}", operation_id="get_billing_contract")
@may("read")
async def get_contract(call: CallDep, contract: str, as_of: AsOf = None) -> Response:
    """One contract with its lines, read from its aggregate."""
    wanted = id_in_path(contract)
    history = await history_of(call, Stream("billing-contract", wanted), as_of)
    shown = contract_view(wanted, history.version, there(wanted, fold(history.facts)), call.caller)
    return Json(state_shown(shown, as_of), headers=etag(history.version))


@router.patch("/{contract}", operation_id="amend_billing_contract", responses=DONE)
@may("billing-contract.change")
async def amend_contract(call: CallDep, contract: str, body: AmendedContract) -> Response:
    """Change terms; start, currency, customers and frequency are fixed once something is invoiced."""
    wanted = id_in_path(contract)
    given = body.model_dump(exclude={"customers", "shares_from"}, exclude_none=True)
    terms: dict[str, Any] = {_TERMS.get(name, name): value for name, value in given.items()}
    if "tasks" in terms:
        terms["tasks"] = tuple(terms["tasks"])

    async def run(answer: ToAnswer[Outcome] | None) -> Done[Outcome]:
        return await amend(
            call.parts.contracts,
            call.origin(),
            wanted,
            terms,
            customers=None if body.customers is None else [one.share() for one in body.customers],
            shares_from=body.shares_from,
            expected=call.if_match,
            answer=answer,
        )

    return await call.command(run, lambda outcome: told(outcome, call.caller), forever=True)


@router.post("/{contract}/end", operation_id="end_billing_contract", responses=DONE)
@may("billing-contract.change")
async def end_contract(call: CallDep, contract: str, body: End) -> Response:
    """It is not billed from `to` on; the day may be moved."""
    wanted = id_in_path(contract)

    async def run(answer: ToAnswer[Outcome] | None) -> Done[Outcome]:
        return await end(call.parts.contracts, call.origin(), wanted, body.to, expected=call.if_match, answer=answer)

    return await call.command(run, lambda outcome: told(outcome, call.caller), forever=True)


@router.get(
    "/{contract}/events", operation_id="list_billing_contract_events", responses={200: {"model": list[EventShape]}}
)
@may("history.read")
async def events(call: CallDep, contract: str, after: AfterVersion = 0, limit: EventsLimit = 100) -> Response:
    """The history of one contract; that of its transactions is in the feed."""
    return await history_answer(call, Stream("billing-contract", id_in_path(contract)), after, limit)
