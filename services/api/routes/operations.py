"""/operations: long work that was asked for, how far it is, and what became of every item."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from commands.caller import Caller
from commands.handling import Done
from commands.operations.cancel import cancel_operation
from commands.ports.operations import Item, Operation, OperationFilter, OperationStatus
from projections.paging import MAX_LIMIT
from services.api.access import may
from services.api.call import CallDep, ToAnswer, Told, id_in_path, remember
from services.api.models import Shape
from services.api.problems import Problem
from services.api.rendering import Json, instant
from services.api.route import ApiRoute
from services.api.routes.reference import DONE

router = APIRouter(prefix="/v1/operations", route_class=ApiRoute, tags=["operations"])
MAX_RESULTS = 1000


class OperationShape(Shape):
    """Long work; `results` has a result for every item that ended."""

    id: str
    kind: str
    status: OperationStatus
    done: int
    total: int | None
    message: str | None
    position: int = Field(description="Pass it as `at_least` to a list that must show what is done by now")


ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"model": OperationShape, "description": "It goes on; see `Location`"}
}


@router.get("", operation_id="list_operations")
@may("read")
async def list_operations(
    call: CallDep,
    *,
    kind: Annotated[list[str] | None, Query(max_length=20)] = None,
    status: Annotated[list[OperationStatus] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 25,
) -> Response:
    """The newest first."""
    which = OperationFilter(tuple(kind or ()), tuple(status or ()))
    found = await call.parts.operations.newest(which, limit=limit)
    return Json({"items": [operation_view(o, call.caller) for o in found], "next_cursor": None})


@router.get("/{operation}", operation_id="get_operation", responses={200: {"model": OperationShape}})
@may("read")
async def get_operation(
    call: CallDep,
    operation: str,
    *,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="Results above this number")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_RESULTS)] = MAX_RESULTS,
) -> Response:
    """How far it is, and what became of every item so far."""
    wanted = id_in_path(operation)
    found = await call.parts.operations.get(wanted)
    if found is None:
        raise Problem(404, "not-found", f"There is no operation {wanted}.")
    items = await call.parts.operations.items(wanted, after=after, limit=limit)
    return Json(
        {
            **operation_view(found, call.caller),
            "position": await call.parts.store.head(),  # read after the rows: lists that have it show all of these
            "results": [_item(item) for item in items],
            "next_after": items[-1].number if len(items) == limit else None,
        }
    )


@router.post("/{operation}/cancel", operation_id="cancel_operation", responses=DONE)
@may("read")
async def cancel(call: CallDep, operation: str) -> Response:
    """Ask for its end, as the one who asked for it or as an operator: what is done stays done."""
    wanted = id_in_path(operation)
    known = await call.parts.operations.get(wanted)
    if known is None or known.actor != call.caller.actor:
        call.caller.require("operation.cancel")

    async def run(answer: ToAnswer[Operation] | None) -> Done[Operation]:
        origin = call.origin()
        found = await cancel_operation(call.parts.operations, wanted, origin.now)
        return await remember(call, origin, Done(found, 0), answer)

    return await call.command(run, lambda found: Told(operation_view(found, call.caller)))


def operation_view(operation: Operation, caller: Caller) -> dict[str, Any]:
    """One operation; its version is how often it has changed hands, as it is no aggregate."""
    allowed = operation.open and (operation.actor == caller.actor or caller.may("operation.cancel"))
    code = None if allowed else "operation-ended" if not operation.open else "role-too-small"
    return {
        "id": operation.id,
        "version": operation.tries,
        "kind": operation.kind,
        "status": operation.status,
        "done": operation.done,
        "total": operation.total,
        "unit": operation.unit,
        "message": operation.message,
        "cancel_requested": operation.cancel_requested,
        "input": operation.input,
        "actor": operation.actor,
        "created_at": instant(operation.created_at),
        "started_at": operation.started_at and instant(operation.started_at),
        "ended_at": operation.ended_at and instant(operation.ended_at),
        "href": f"/v1/operations/{operation.id}",
        "available_actions": [{"action": "cancel", "allowed": allowed, "code": code}],
    }


def accepted(operation: Operation, caller: Caller) -> Told:
    """The answer to a request for long work."""
    return Told(operation_view(operation, caller), 202, {"Location": f"/v1/operations/{operation.id}"})


def _item(item: Item) -> dict[str, Any]:
    return {
        "number": item.number,
        "name": item.name,
        "outcome": item.outcome,
        "detail": item.detail,
        "href": item.href,
        "data": item.data,
        "ended_at": item.ended_at and instant(item.ended_at),
    }
