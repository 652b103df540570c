"""The OpenAPI document: sound, complete, good enough to generate a client from."""

import re
from typing import Any

import pytest
from fastapi import FastAPI
from openapi_spec_validator import OpenAPIV31SpecValidator

from services.api.access import access_of
from services.api.openapi import api_routes

REFERENCE = (
    *("/providers", "/customers", "/clusters", "/products", "/exchange-rates", "/groups"),
    *("/pricing-rules", "/approval-processes", "/invoice-number-series", "/notification-templates"),
)
PROVIDER_INVOICE = "/provider-invoices/{}"
OF_THIS_VERSION = {
    **dict.fromkeys(REFERENCE, "post get"),
    **{f"{path}/{{}}": "get patch put" for path in REFERENCE},
    **{f"{path}/bulk": "post" for path in REFERENCE},
    **{f"{path}/{{}}/events": "get" for path in REFERENCE},
    "/clusters/{}/tree": "get",
    "/pricing-rules/conflicts": "get",
    "/customers/{}/invoices": "get",
    "/customers/{}/erase": "post",
    "/notification-templates/{}/preview": "post",
    "/providers/{}/invoices": "get",
    "/providers/{}/sync": "post",
    "/provider-invoices": "post get",
    PROVIDER_INVOICE: "get patch delete",
    f"{PROVIDER_INVOICE}/lines": "post put delete get",
    **{
        f"{PROVIDER_INVOICE}/{verb}": "post"
        for verb in ("activate", "deactivate", "release", "reoffer", "acknowledge-change", "adjust", "cancel")
    },
    **{
        f"{PROVIDER_INVOICE}/{read}": "get"
        for read in ("attempts", "usage", "file", "errors.csv", "warnings.csv", "events")
    },
    "/customer-invoices": "post get",
    "/customer-invoices/{}": "get delete",
    **{
        f"/customer-invoices/{{}}/{verb}": "post"
        for verb in ("recalculate", "request-approval", "withdraw", "approve", "reject", "close")
    },
    "/customer-invoices/{}/comments": "post get",
    "/invoice-number-series/{}/certificate": "get",
    "/customer-invoices/{}/events": "get",
    "/billing-contracts": "post",
    "/billing-contracts/{}": "get patch",
    **{f"/billing-contracts/{{}}/{verb}": "post" for verb in ("lines", "ready", "unready", "end")},
    **{f"/billing-contracts/{{}}/lines/{{}}/{verb}": "post" for verb in ("quantity", "price", "end", "milestones")},
    "/billing-contracts/{}/lines/{}/transactions": "post get",
    "/billing-contracts/{}/lines/{}/transactions/{}/cancel": "post",
    "/billing-contracts/bulk-generate": "post",
    "/billing-contracts/{}/schedules": "get",
    "/billing-contracts/{}/events": "get",
    "/problem-invoices": "get",
    "/problems": "get",
    "/import-summaries": "get",
    "/suggestions": "get",
    "/operations/{}": "get",
    "/operations/{}/cancel": "post",
    "/jobs": "get",
    "/jobs/{}": "get patch",
    "/jobs/{}/run": "post",
    "/keys": "post get",
    "/keys/{}/revoke": "post",
    "/test-clock": "get put",
    "/events": "get",
    "/feed/position": "get",
    "/schemas": "get",
    "/schemas/{}/{}": "get",
}


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, found) for path, item in document["paths"].items() for method, found in item.items()]


def test_it_is_sound_and_has_every_path_of_the_contract(document: dict[str, Any]):
    OpenAPIV31SpecValidator(document).validate()
    served: dict[str, set[str]] = {}
    for path, method, _ in operations(document):
        served.setdefault(re.sub(r"\{\w+\}", "{}", path.removeprefix("/v1")), set()).add(method)
    for path, methods in OF_THIS_VERSION.items():
        assert set(methods.split()) <= served.get(path, set()), path


def test_every_operation_can_become_a_method_of_a_client(document: dict[str, Any], app: FastAPI):
    found = operations(document)
    ids = [operation["operationId"] for _, _, operation in found]
    assert len(set(ids)) == len(ids)
    access = {(r.path_format, m.lower()): access_of(r.endpoint) for r in api_routes(app) for m in r.methods}
    for path, method, operation in found:
        where = f"{method} {path}"
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation["operationId"]), where
        assert operation["tags"], where
        assert operation["summary"], where
        assert any(status.startswith("2") for status in operation["responses"]), where
        if access[path, method].action is None:
            assert operation["security"] == [], where
            continue
        assert operation["security"] == [{"key": []}], where
        assert operation["x-roles"], where
        assert {"401", "403", "503"} <= operation["responses"].keys(), where
        if method != "get":
            names = {parameter.get("name") for parameter in operation["parameters"]}
            assert {"Idempotency-Key", "If-Match"} <= names, where
            assert {"409", "412", "413", "422", "429"} <= operation["responses"].keys(), where


def test_bodies_and_answers_have_schemas(document: dict[str, Any]):
    for path, method, operation in operations(document):
        body = operation.get("requestBody")
        if body is not None:
            assert all(content["schema"] for content in body["content"].values()), f"{method} {path}"
    schemas = document["components"]["schemas"]
    for name in ("CustomerBody", "ProviderBody", "NewProviderInvoice", "CommandAnswer", "Problem", "UploadLine"):
        assert schemas[name]["properties"], name
    assert schemas["NewProviderInvoice"]["additionalProperties"] is False
    assert schemas["NewProviderInvoice"]["properties"]["total"]["examples"] == ["1234.50"]
