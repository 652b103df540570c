"""/keys: API keys, made, listed and revoked by admins. A secret is shown once, in the first answer."""

import secrets
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import Field, StrictBool
from starlette.responses import Response

from commands.caller import Caller
from commands.keys.create import MadeKey, create_key
from commands.keys.revoke import RevokedKey, revoke_key
from commands.ports.keys import KnownKey
from domain.identity import Stream
from domain.keys.decisions import SECRET_BYTES
from domain.permissions import Role
from domain.wire import Instant
from services.api.access import may
from services.api.call import CallDep, Told, etag, id_in_path
from services.api.histories import AfterVersion, EventsLimit, history_answer
from services.api.models import CommandAnswer, EventShape, RequestBody, Resource
from services.api.problems import Problem
from services.api.rendering import Json, instant
from services.api.route import ApiRoute
from services.api.routes.reference import DONE, Reason

router = APIRouter(prefix="/v1/keys", route_class=ApiRoute, tags=["keys"])


class NewKey(RequestBody):
    """A key to be made: whose it is, what it may do, until when."""

    subject: Annotated[str, Field(min_length=1, max_length=200, examples=["billing-service"])]
    roles: Annotated[list[Role], Field(min_length=1, max_length=5)]
    delegate: StrictBool = False
    expires_at: Annotated[Instant, Field(examples=["2027-01-31T00:00:00Z"])] | None = None


class MadeKeyAnswer(CommandAnswer):
    """`secret` is in the first answer only; a repeat has none."""

    subject: str
    roles: list[Role]
    secret: str | None = None


@router.post("", operation_id="create_key", status_code=201, responses={201: {"model": MadeKeyAnswer}})
@may("key.create")
async def create(call: CallDep, body: NewKey) -> Response:
    """Make a key. Needs an `Idempotency-Key`; a repeat answers without the secret, which is not kept anywhere."""
    call.need_idempotency_key()
    entropy = secrets.token_bytes(SECRET_BYTES)

    def told(made: MadeKey) -> Told:
        return Told(
            {
                "id": made.key,
                "version": made.version,
                "status": "active",
                "available_actions": _actions(call.caller, "active"),
                "subject": made.subject,
                "roles": list(made.roles),
                "delegate": body.delegate,
                "expires_at": body.expires_at and instant(body.expires_at),
            },
            201,
            {"Location": f"/v1/keys/{made.key}", "ETag": f'"{made.version}"'},
        )

    return await call.command(
        lambda answer: create_key(
            call.parts.store,
            call.origin(),
            subject=body.subject,
            roles=body.roles,
            entropy=entropy,
            delegate=body.delegate,
            expires_at=body.expires_at,
            answer=answer,
        ),
        told,
        shown_once=lambda made: {"secret": made.secret},
    )


@router.get("", operation_id="list_keys")
@may("key.read")
async def list_keys(call: CallDep) -> Response:
    """All keys, newest first; never a secret."""
    now = call.now
    return Json({"items": [_view(key, now, call.caller) for key in await call.parts.keys.all()], "next_cursor": None})


@router.get("/{key}", operation_id="get_key", responses={200: {"model": Resource}})
@may("key.read")
async def get_key(call: CallDep, key: str) -> Response:
    """One key; never its secret."""
    wanted = id_in_path(key)
    found = next((k for k in await call.parts.keys.all() if k.key == wanted), None)
    history = await call.parts.store.load(Stream("key", wanted))
    if found is None or not history.version:
        raise Problem(404, "not-found", f"There is no key {wanted}.")
    return Json({"version": history.version, **_view(found, call.now, call.caller)}, headers=etag(history.version))


@router.get("/{key}/events", operation_id="list_key_events", responses={200: {"model": list[EventShape]}})
@may("history.read")
async def events(call: CallDep, key: str, after: AfterVersion = 0, limit: EventsLimit = 100) -> Response:
    """Who made it, who revoked it, and when."""
    return await history_answer(call, Stream("key", id_in_path(key)), after, limit)


@router.post("/{key}/revoke", operation_id="revoke_key", responses=DONE)
@may("key.revoke")
async def revoke(call: CallDep, key: str, body: Annotated[Reason | None, Body()] = None) -> Response:
    """Make a key stop working for good: here at once, everywhere within two seconds."""
    wanted = id_in_path(key)

    def told(revoked: RevokedKey) -> Told:
        return Told(
            {
                "id": revoked.key,
                "version": revoked.version,
                "status": "revoked",
                "available_actions": _actions(call.caller, "revoked"),
            },
            headers={"ETag": f'"{revoked.version}"'},
        )

    response = await call.command(
        lambda answer: revoke_key(
            call.parts.store, call.origin(), wanted, body.reason if body else None, answer=answer
        ),
        told,
    )
    call.parts.keys.forget()
    return response


def _status(key: KnownKey, now: datetime) -> str:
    if key.revoked:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= now else "active"


def _view(key: KnownKey, now: datetime, caller: Caller) -> dict[str, Any]:
    status = _status(key, now)
    return {
        "id": key.key,
        "subject": key.subject,
        "roles": sorted(key.roles),
        "delegate": key.delegate,
        "expires_at": key.expires_at and instant(key.expires_at),
        "status": status,
        "available_actions": _actions(caller, status),
    }


def _actions(caller: Caller, status: str) -> list[dict[str, Any]]:
    code = "revoked" if status == "revoked" else None if caller.may("key.revoke") else "role-too-small"
    return [{"action": "revoke", "allowed": code is None, "code": code}]
