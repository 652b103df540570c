"""/jobs: what runs by itself every day or every few minutes; switched, timed, and started by hand."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from commands.caller import Caller
from commands.handling import Done
from commands.jobs.bodies import patch_job
from commands.jobs.start import start_by_hand
from commands.jobs.status import JobStatus, all_statuses, status
from commands.ports.jobs import JobRun
from commands.reference.desk import Outcome
from domain.identity import reference_stream
from services.api.access import may
from services.api.call import CallDep, ToAnswer, Told, etag, remember
from services.api.histories import AfterVersion, EventsLimit, history_answer
from services.api.models import EventShape
from services.api.rendering import Json, instant
from services.api.route import ApiRoute
from services.api.routes.reference import DONE, JsonObject, body_schema

router = APIRouter(prefix="/v1/jobs", route_class=ApiRoute, tags=["jobs"])


@router.get("", operation_id="list_jobs")
@may("read")
async def list_jobs(call: CallDep) -> Response:
    """All jobs, in the order in which a day runs them."""
    parts = call.parts
    found = await all_statuses(parts.store, parts.jobs, call.now, parts.zone_name)
    return Json({"items": [_view(job, call.caller) for job in found], "next_cursor": None, "total": len(found)})


@router.get("/{name}", operation_id="get_job")
@may("read")
async def get_job(call: CallDep, name: str) -> Response:
    """One job: what it is set to, its last run, when it starts next."""
    parts = call.parts
    found = await status(parts.store, parts.jobs, name, call.now, parts.zone_name)
    return Json(_view(found, call.caller), headers=etag(found.version))


@router.patch("/{name}", operation_id="patch_job", responses=DONE, openapi_extra=body_schema("JobBody"))
@may("job.change")
async def change_job(call: CallDep, name: str, data: JsonObject) -> Response:
    """Switch it on or off (`active`), change its time of day (`time`) or its pace (`every_minutes`)."""

    def told(outcome: Outcome) -> Told:
        body: dict[str, Any] = outcome.body.model_dump(mode="json")
        actions = _actions(call.caller)
        return Told(
            {"id": outcome.id, "version": outcome.version, "status": _status(active=body["active"]),
             "available_actions": actions, "name": body["code"], "active": body["active"], "time": body["time"],
             "every_minutes": body["every_minutes"]},
            headers=etag(outcome.version),
        )  # fmt: skip

    return await call.command(
        lambda answer: patch_job(call.parts.desk, call.origin(), name, data, if_match=call.if_match, answer=answer),
        told,
    )


@router.post("/{name}/run", operation_id="run_job", status_code=202)
@may("job.start")
async def run_job(call: CallDep, name: str) -> Response:
    """Start it now; starting one that runs already answers that run. A scheduler begins it within seconds."""
    parts = call.parts

    async def run(answer: ToAnswer[JobRun] | None) -> Done[JobRun]:
        origin = call.origin()
        asked = await start_by_hand(parts.jobs, name, call.now, parts.zone_name)
        return await remember(call, origin, Done(asked, 0), answer)

    def told(asked: JobRun) -> Told:
        return Told(
            {
                "id": reference_stream("job", name).id,
                "version": 0,
                "status": "running" if asked.running else "queued",
                "available_actions": _actions(call.caller),
                "name": name,
                "run": _run_view(asked),
            },
            202,
            {"Location": f"/v1/jobs/{name}"},
        )

    return await call.command(run, told)


@router.get("/{name}/events", operation_id="list_job_events", responses={200: {"model": list[EventShape]}})
@may("history.read")
async def events(call: CallDep, name: str, after: AfterVersion = 0, limit: EventsLimit = 100) -> Response:
    """Who changed it, and when."""
    return await history_answer(call, reference_stream("job", name), after, limit)


def _status(*, active: bool) -> str:
    return "active" if active else "inactive"


def _actions(caller: Caller) -> list[dict[str, Any]]:
    rules = {"change": "job.change", "run": "job.start"}
    return [
        {"action": verb, "allowed": caller.may(action), "code": None if caller.may(action) else "role-too-small"}
        for verb, action in rules.items()
    ]


def _view(job: JobStatus, caller: Caller) -> dict[str, Any]:
    return {
        "id": reference_stream("job", job.job).id,
        "name": job.job,
        "version": job.version,
        "status": _status(active=job.body.active),
        "active": job.body.active,
        "time": job.body.time,
        "every_minutes": job.body.every_minutes,
        "last": job.last and _run_view(job.last),
        "next_start": job.next_start and instant(job.next_start),
        "available_actions": _actions(caller),
    }


def _run_view(run: JobRun) -> dict[str, Any]:
    return {
        "day": run.day,
        "manual": run.manual,
        "requested_at": instant(run.requested_at),
        "started_at": run.started_at and instant(run.started_at),
        "ended_at": run.ended_at and instant(run.ended_at),
        "outcome": run.outcome,
        "result": run.result,
        "tries": run.tries,
        "running": run.running,
    }
