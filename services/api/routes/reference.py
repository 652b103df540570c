"""/providers, /customers, /products and the other kinds of reference data: one piece at a time."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from commands.caller import Caller
from commands.reference.desk import Outcome
from commands.reference.retire import retire
from commands.reference.save import patch, save
from domain.identity import reference_stream
from domain.reference.bodies import ReferenceBody
from domain.reference.decisions import missing, parse
from domain.reference.kinds import Kind
from domain.reference.state import Absent, Erased, InForce, State, fold
from services.api.access import may
from services.api.call import Call, CallDep, Told, created_or_ok, etag
from services.api.histories import (
    AfterVersion,
    AsOf,
    EventsLimit,
    history_answer,
    history_of,
    path_segment,
    state_shown,
)
from services.api.models import CommandAnswer, EventShape, RequestBody
from services.api.problems import Problem
from services.api.rendering import Json
from services.api.route import ApiRequest

CREATED: dict[int | str, dict[str, Any]] = {
    200: {"model": CommandAnswer, "description": "It was there with this content already"},
    201: {"model": CommandAnswer, "description": "Made; see `Location`"},
}
_MERGE = "RFC 7396: null removes, objects merge, lists are replaced"
DONE: dict[int | str, dict[str, Any]] = {200: {"model": CommandAnswer, "description": "Done"}}


class Reason(RequestBody):
    """Why."""

    reason: Annotated[str, Field(max_length=2000)] | None = None


async def json_object(request: Request) -> dict[str, Any]:
    """The body, which must be a JSON object; the domain says what may stand in it."""
    if not isinstance(request, ApiRequest):
        raise TypeError("routes get the strict request")
    value = await request.json()
    if not isinstance(value, dict):
        raise Problem(
            422, "invalid-body", "The body must be a JSON object.", errors=[{"pointer": "", "detail": "is no object"}]
        )
    return value


JsonObject = Annotated[dict[str, Any], Depends(json_object)]


def body_schema(name: str, *, description: str = "") -> dict[str, Any]:
    """OpenAPI for a body that the domain parses: a component of this name."""
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {
        "requestBody": {
            "required": True,
            "description": description,
            "content": {"application/json": {"schema": schema}},
        }
    }


def view(kind: Kind, code: str, state: State, version: int, caller: Caller) -> dict[str, Any]:
    """One piece of reference data as JSON; `version` is its stream's."""
    if isinstance(state, Absent):
        raise missing(kind, code)
    status = "active" if isinstance(state, InForce) else "erased" if isinstance(state, Erased) else "retired"
    return {
        "id": reference_stream(kind.name, code).id,
        "kind": kind.name,
        "version": version,
        "status": status,
        "available_actions": _actions(kind, status, caller),
        **state.body.model_dump(mode="json"),
    }


def _actions(kind: Kind, status: str, caller: Caller) -> list[dict[str, Any]]:
    rules = {"save": "reference.save", "retire": "reference.retire"}
    if kind.name == "customer":
        rules["erase"] = "reference.erase"
    refused = {"retired": {"retire": "retired"}, "erased": dict.fromkeys(rules, "customer-erased")}.get(status, {})
    actions = []
    for name, action in rules.items():
        code = refused.get(name) or (None if caller.may(action) else "role-too-small")
        actions.append({"action": name, "allowed": code is None, "code": code})
    return actions


def outcome_told(
    kind: Kind, caller: Caller, outcome: Outcome, base: str, more: Mapping[str, Any] = MappingProxyType({})
) -> Told:
    """The answer to a save, a retirement, an erasure; `more` is what the kind tells besides."""
    state = {"retired": "retired", "erased": "erased"}.get(outcome.result, "active")
    status, headers = created_or_ok(
        created=outcome.result == "created",
        location=f"{base}/{path_segment(outcome.code)}",
        version=outcome.version,
    )
    body: Mapping[str, Any] = outcome.body.model_dump(mode="json")
    return Told(
        {
            "id": outcome.id,
            "kind": kind.name,
            "version": outcome.version,
            "result": outcome.result,
            "status": state,
            "available_actions": _actions(kind, state, caller),
            **body,
            **more,
        },
        status,
        headers,
    )


TellsMore = Callable[[Call, Mapping[str, Any]], Awaitable[Callable[[Outcome], Mapping[str, Any]]]]
"""What a kind tells besides about a save, of the call and the body as it came: loaded before, said of the outcome."""


async def _nothing_more(_call: Call, _data: Mapping[str, Any]) -> Callable[[Outcome], Mapping[str, Any]]:
    return lambda _outcome: MappingProxyType({})


def add_routes(router: APIRouter, kind: Kind, base: str, tells_more: TellsMore = _nothing_more) -> None:
    """The routes of one kind below `base`, such as `/v1/customers`."""
    title = kind.name.replace("-", " ")
    word = kind.name.replace("-", "_")

    @may("reference.save")
    async def create(call: CallDep, data: JsonObject) -> Response:
        body = parse(kind, data)
        more = await tells_more(call, data)
        return await call.command(
            lambda answer: save(
                call.parts.desk, call.origin(), kind, body, mode="create", if_match=call.if_match, answer=answer
            ),
            lambda outcome: outcome_told(kind, call.caller, outcome, base, more(outcome)),
        )

    @may("reference.save")
    async def put(call: CallDep, code: str, data: JsonObject) -> Response:
        body = parse(kind, {"code": code, **data})
        _expect_same_code(code, body)
        more = await tells_more(call, data)
        return await call.command(
            lambda answer: save(call.parts.desk, call.origin(), kind, body, if_match=call.if_match, answer=answer),
            lambda outcome: outcome_told(kind, call.caller, outcome, base, more(outcome)),
        )

    @may("reference.save")
    async def change(call: CallDep, code: str, data: JsonObject) -> Response:
        more = await tells_more(call, data)
        return await call.command(
            lambda answer: patch(
                call.parts.desk, call.origin(), kind, code, data, if_match=call.if_match, answer=answer
            ),
            lambda outcome: outcome_told(kind, call.caller, outcome, base, more(outcome)),
        )

    @may("reference.retire")
    async def take_out(call: CallDep, code: str, body: Annotated[Reason | None, Body()] = None) -> Response:
        reason = body.reason if body else None
        return await call.command(
            lambda answer: retire(
                call.parts.desk, call.origin(), kind, code, reason, if_match=call.if_match, answer=answer
            ),
            lambda outcome: outcome_told(kind, call.caller, outcome, base),
        )

    @may("read")
    async def get(call: CallDep, code: str, as_of: AsOf = None) -> Response:
        history = await history_of(call, reference_stream(kind.name, code), as_of)
        shown = view(kind, code, fold(history.facts), history.version, call.caller)
        return Json(state_shown(shown, as_of), headers=etag(history.version))

    @may("history.read")
    async def events(call: CallDep, code: str, after: AfterVersion = 0, limit: EventsLimit = 100) -> Response:
        return await history_answer(call, reference_stream(kind.name, code), after, limit)

    name = kind.body.__name__
    one = f"{base}/{{code}}"
    router.add_api_route(
        base, create, methods=["POST"], operation_id=f"create_{word}", summary=f"Make a {title}",
        responses=CREATED, status_code=201, openapi_extra=body_schema(name),
    )  # fmt: skip
    router.add_api_route(
        one, put, methods=["PUT"], operation_id=f"put_{word}", summary=f"Make or replace a {title}",
        responses=CREATED, openapi_extra=body_schema(name, description="`code` may be left out"),
    )  # fmt: skip
    router.add_api_route(
        one, change, methods=["PATCH"], operation_id=f"patch_{word}", summary=f"Change a {title}",
        responses=DONE,
        openapi_extra=body_schema("MergePatch", description=_MERGE),
    )  # fmt: skip
    router.add_api_route(
        f"{one}/retire", take_out, methods=["POST"], operation_id=f"retire_{word}",
        summary=f"Take a {title} out of use", responses=DONE,
    )  # fmt: skip
    router.add_api_route(
        one, get, methods=["GET"], operation_id=f"get_{word}", summary=f"Read a {title}",
        responses={200: {"description": f"The {title}", "content": {"application/json": {"schema": _resource(name)}}}},
    )  # fmt: skip
    router.add_api_route(
        f"{one}/events", events, methods=["GET"], operation_id=f"list_{word}_events",
        summary=f"The history of a {title}", responses={200: {"model": list[EventShape]}},
    )  # fmt: skip


def _resource(name: str) -> dict[str, Any]:
    return {"allOf": [{"$ref": "#/components/schemas/Resource"}, {"$ref": f"#/components/schemas/{name}"}]}


def _expect_same_code(code: str, body: ReferenceBody) -> None:
    if body.code != code.strip():
        raise Problem(
            422,
            "code-immutable",
            f"The path names {code[:80]!r}, the body {body.code[:80]!r}: they must be the same.",
            errors=[{"pointer": "/code", "detail": "differs from the path"}],
        )
