"""The OpenAPI document: FastAPI's, completed with what every route has in common."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from commands.purchases.new import NewPurchase
from domain.permissions import ACTIONS
from domain.reference.kinds import KINDS
from services.api.access import access_of
from services.api.models import Resource, UploadLine

_ERRORS: Final = {
    "400": "The request can't be read: JSON that is none, a bad parameter or header",
    "401": "No API key, or none that is good",
    "403": "The key's roles are too small",
    "404": "There is nothing here",
    "409": "A rule says no; `code` names it",
    "412": "`If-Match` names another version",
    "413": "The body is too long",
    "422": "The body has the wrong shape, or a value that can't be",
    "429": "Too many commands a second for this key; see `Retry-After`",
    "503": "Try again after `Retry-After` seconds",
}
_READS: Final = frozenset({"400", "401", "403", "404", "503"})
_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457 problem document",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:ledgerline:problem:stale-version"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One sentence with figures that says what to do"},
        "code": {"type": "string", "description": "Stable; programs branch on it", "examples": ["stale-version"]},
        "instance": {"type": "string", "description": "The request, by its id"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string", "description": "RFC 6901 pointer into the body"},
                    "parameter": {"type": "string"},
                    "header": {"type": "string"},
                    "detail": {"type": "string"},
                },
                "additionalProperties": True,
            },
        },
    },
    "additionalProperties": True,
}
_COMMAND_HEADERS: Final = (
    ("Idempotency-Key", "The same key and body: the first answer again", False),
    ("If-Match", "The `ETag` that the decision was made for; a stale one: 412", False),
)
_COMMON_HEADERS: Final = (("On-Behalf-Of", "The person a key with `delegate` acts for", False),)


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, openapi_version="3.1.0"
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = _PROBLEM
    schemas.update(_domain_schemas())
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "An API key, `ll_...`"},
    }
    components["responses"] = {
        status: {
            "description": text,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, text in _ERRORS.items()
    }
    for path, method, operation, endpoint in _operations(app, document):
        access = access_of(endpoint)
        reads = method == "get"
        operation["responses"].pop("422", None)
        if operation["summary"] == endpoint.__name__.replace("_", " ").title():  # FastAPI's way: "Add", "Lines"
            operation["summary"] = operation["operationId"].replace("_", " ").capitalize()
        if access.action is None:
            operation["security"] = []
            continue
        operation["security"] = [{"key": []}]
        operation["x-action"] = access.action
        operation["x-roles"] = sorted(ACTIONS[access.action])
        headers = _COMMON_HEADERS if reads else (*_COMMON_HEADERS, *_COMMAND_HEADERS)
        operation.setdefault("parameters", []).extend(
            {"name": name, "in": "header", "required": required, "schema": {"type": "string"}, "description": text}
            for name, text, required in headers
        )
        statuses = _READS if reads else _ERRORS.keys()
        for status in sorted(statuses):
            if status != "404" or "{" in path:
                operation["responses"].setdefault(status, {"$ref": f"#/components/responses/{status}"})
    app.openapi_schema = document
    return document


def _domain_schemas() -> dict[str, Any]:
    """Bodies that the domain parses itself, as the routes refer to them."""
    bodies = [(kind.body, "validation") for kind in KINDS.values()]
    _, document = models_json_schema(
        [*bodies, (UploadLine, "validation"), (NewPurchase, "validation")],  # type: ignore[list-item]  # the mode is a literal
        ref_template="#/components/schemas/{model}",
    )
    found: dict[str, Any] = document.get("$defs", {})
    resource = Resource.model_json_schema(ref_template="#/components/schemas/{model}")
    found.update(resource.pop("$defs", {}))
    return {
        **found,
        "Resource": resource,
        "MergePatch": {"type": "object", "description": "RFC 7396", "additionalProperties": True},
    }


def _operations(app: FastAPI, document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any], Any]]:
    found = []
    for route in api_routes(app):
        for method in sorted(route.methods or ()):
            operation = document["paths"].get(route.path_format, {}).get(method.lower())
            if operation is not None and route.include_in_schema:
                found.append((route.path_format, method.lower(), operation, route.endpoint))
    return found


def api_routes(app: FastAPI) -> list[APIRoute]:
    """All routes of ours."""
    return [route for route in app.routes if isinstance(route, APIRoute)]
