"""Errors as RFC 9457 problem documents: a stable `code`, what is wrong where, and never a stack trace."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from starlette.exceptions import HTTPException

from domain.rejected import Refusal, Rejected
from services.api.rendering import Json

STATUS_OF_REFUSAL: Final[Mapping[Refusal, int]] = {
    "conflict": 409,
    "invalid": 422,
    "missing": 404,
    "forbidden": 403,
    "stale": 412,
}
BUSY_RETRY_SECONDS: Final = 1
MAX_ERRORS: Final = 50
_OWN: Final = frozenset({"type", "title", "status", "detail", "code", "instance", "errors"})


class Problem(HTTPException):
    """An error with its answer. `errors` point into the body (`pointer`) or name a `parameter` or `header`."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.code = code
        self.errors = errors
        self.facts = facts or {}


class ProblemJson(Json):
    """The answer itself."""

    media_type = "application/problem+json"


def document(problem: Problem, request_id: str | None) -> dict[str, Any]:
    """The problem as JSON; machine-readable extras of a refusal are members of their own."""
    body: dict[str, Any] = {
        "type": f"urn:ledgerline:problem:{problem.code}",
        "title": problem.code.replace("-", " ").capitalize(),
        "status": problem.status_code,
        "detail": problem.detail,
        "code": problem.code,
    }
    if request_id:
        body["instance"] = f"urn:ledgerline:request:{request_id}"
    if problem.errors:
        body["errors"] = [dict(error) for error in problem.errors[:MAX_ERRORS]]
    body.update({name: value for name, value in problem.facts.items() if name not in _OWN})
    return body


def answer(problem: Problem, request_id: str | None = None) -> ProblemJson:
    """The response."""
    return ProblemJson(document(problem, request_id), problem.status_code, dict(problem.headers or {}))


def of_rejection(rejected: Rejected) -> Problem:
    """A rule that said no."""
    facts = dict(rejected.facts)
    errors = facts.pop("errors", ())
    return Problem(
        STATUS_OF_REFUSAL[rejected.kind],
        rejected.code,
        rejected.detail,
        errors=[_with_detail(error) for error in errors],
        facts=facts,
    )


def of_status(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Problem:
    """A bare HTTP error of the framework: an unknown route, a method that a path does not have."""
    if status == HTTPStatus.NOT_FOUND and detail == "Not Found":
        return Problem(404, "unknown-path", "There is nothing at this path: see /openapi.json.", headers=headers)
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (headers or {}).get("allow", (headers or {}).get("Allow", ""))
        return Problem(405, "method-not-allowed", f"This path knows {allowed or 'other methods'}.", headers=headers)
    try:
        code = HTTPStatus(status).phrase.lower().replace(" ", "-").replace("'", "")
    except ValueError:
        code = "error"
    return Problem(status, code, detail, headers=headers)


def of_validation(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """What pydantic found wrong: 404 for a path that can name nothing, 400 for parameters, 422 for the body."""
    found = [_located(error) for error in errors[:MAX_ERRORS]]
    places = {error["loc"][0] for error in errors}
    if "path" in places:
        return Problem(404, "not-found", "There is nothing with this id.")
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    where = next(iter(found[0].values())) or "the body"
    detail = f"{where}: {found[0]['detail']}{more}."
    if "body" in places:
        return Problem(422, "invalid-body", detail, errors=found)
    return Problem(400, "invalid-parameter", detail, errors=found)


def pointer(parts: Sequence[object]) -> str:
    """An RFC 6901 pointer."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _located(error: Mapping[str, Any]) -> dict[str, str]:
    place, *rest = error["loc"]
    message = str(error["msg"]).rstrip(".")[:500]
    if place == "body":
        return {"pointer": pointer(rest), "detail": message}
    return {"header" if place == "header" else "parameter": str(rest[0] if rest else ""), "detail": message}


def _with_detail(error: Mapping[str, Any]) -> dict[str, Any]:
    """Refusals of the domain say `message`; the wire says `detail`."""
    return {("detail" if name == "message" else name): value for name, value in error.items()}
