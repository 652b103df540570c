"""POST /customer-invoices/{id}/tasks/{name}: mail, report or charge an approved invoice by hand."""

from typing import Annotated

from fastapi import APIRouter, Body
from starlette.responses import Response

from adapters.tasks import StoredTasksDue
from commands.customer_invoice.tasks import ask_by_hand
from domain.customer_invoice.task_events import TaskName
from services.api.access import may
from services.api.call import CallDep, id_in_path
from services.api.customer_invoice_view import told
from services.api.models import RequestBody
from services.api.route import ApiRoute
from services.api.routes.reference import DONE

router = APIRouter(prefix="/v1/customer-invoices/{invoice}", route_class=ApiRoute, tags=["customer-invoices"])


class Again(RequestBody):
    """`again`: also when it is done; it then has a key of its own, and a customer may be charged a second time."""

    again: bool = False


@router.post("/tasks/{name}", operation_id="run_customer_invoice_task", responses=DONE)
@may("customer-invoice.task")
async def run_task(
    call: CallDep, invoice: str, name: TaskName, body: Annotated[Again | None, Body()] = None
) -> Response:
    """Have it done by a worker, within a second or so; `tasks` of the invoice say what came of it.

    One that is done stays so, and one that waits for its next try is asked again at once. 409 `not-approved` before
    approval. `again` needs an Idempotency-Key, so that a repeat of the request is not once more.
    """
    wanted, again = id_in_path(invoice), body is not None and body.again
    if again:
        call.need_idempotency_key()
    due, desk = StoredTasksDue(call.parts.pool), call.parts.invoicing
    return await call.command(
        lambda answer: ask_by_hand(
            desk, due, call.origin(), wanted, name, again=again, expected=call.if_match, answer=answer
        ),
        lambda outcome: told(outcome, call.caller),
        forever=True,
    )
