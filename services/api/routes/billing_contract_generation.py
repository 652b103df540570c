"""/billing-contracts/{id}/preview and /generate: one contract, by hand."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from commands.billing_contract.generate import Generated, generate, preview
from commands.handling import Done
from services.api.access import may
from services.api.call import CallDep, ToAnswer, Told, etag, id_in_path
from services.api.fields import Day, Flag
from services.api.models import RequestBody
from services.api.proposal_view import generated_view, proposal_view, work_of
from services.api.rendering import Json
from services.api.route import ApiRoute
from services.api.routes.reference import DONE

router = APIRouter(prefix="/v1/billing-contracts/{contract}", route_class=ApiRoute, tags=["billing-contracts"])


class Which(RequestBody):
    """An entry: a cycle by its first day, a run or milestone by its date; without it the next that is not billed.

    `line`: its own entries alone, where a cycle of it begins on the same day as the contract's.
    `replace_existing`: of an entry that is billed already, each customer's invoice is replaced as its status says.
    """

    cycle: Day | None = None
    line: Annotated[str, Field(max_length=64)] | None = None
    replace_existing: Flag = False


class ToGenerate(Which):
    """`expect`: the digest of a preview, to make exactly that."""

    expect: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


@router.post("/preview", operation_id="preview_billing_contract")
@may("read")
async def preview_invoices(call: CallDep, contract: str, body: Which | None = None) -> Response:
    """What billing an entry would make now, down to quantities by day, milestones, transactions and usage; nothing is
    written but the preview itself, which is kept for a day. Of a billed one: what it would come to without the invoices
    that it names.
    """
    parts = call.parts
    asked = body or Which()
    proposal = await preview(
        parts.contract_billing,
        call.origin(),
        id_in_path(contract),
        asked.cycle,
        line=asked.line,
        replace=asked.replace_existing,
    )
    shown = proposal_view(proposal, await work_of(parts.contract_billing.ledger, proposal))
    return Json(shown, headers=etag(proposal.version))


@router.post("/generate", operation_id="generate_billing_contract", responses=DONE)
@may("billing-contract.generate")
async def generate_invoices(call: CallDep, contract: str, body: ToGenerate | None = None) -> Response:
    """Bill an entry, with every milestone and run that is ready up to its run date, which is the invoice date."""
    wanted, asked = id_in_path(contract), body or ToGenerate()

    async def run(answer: ToAnswer[Generated] | None) -> Done[Generated]:
        return await generate(
            call.parts.contract_billing,
            call.origin(),
            wanted,
            asked.cycle,
            line=asked.line,
            replace=asked.replace_existing,
            expect=asked.expect,
            expected=call.if_match,
            answer=answer,
        )

    return await call.command(run, lambda made: Told(generated_view(made), 200, {}), forever=True)
