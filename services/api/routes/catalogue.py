"""All routes, the busiest first: they are matched in this order."""

from collections.abc import Sequence

from fastapi import APIRouter

from domain.reference.kinds import KINDS
from services.api.route import ApiRoute
from services.api.routes import (
    approval_queue,
    billing_contract_bulk,
    billing_contract_generation,
    billing_contract_lines,
    billing_contract_lists,
    billing_contracts,
    customer_invoice_bulk,
    customer_invoice_items,
    customer_invoice_tasks,
    customer_invoice_verbs,
    customer_invoices,
    events,
    invoice_runs,
    jobs,
    keys,
    lists,
    number_series,
    operations,
    pricing_rules,
    problem_lists,
    provider_invoice_reads,
    provider_invoice_uploads,
    provider_invoice_verbs,
    provider_invoices,
    provider_sync,
    purchases,
    reference,
    reference_bulk,
    reference_more,
    reports,
    system,
)

REFERENCE_KINDS = (
    *("provider", "customer", "cluster", "product", "group", "exchange-rate", "pricing-rule"),
    *("approval-process", "invoice-number-series", "notification-template"),
)
"""Kinds with routes of their own; jobs have others."""

TELLS_MORE = {"pricing-rule": (pricing_rules.hiding,)}
"""Kinds whose answers to a save say more than what was saved."""


def all_routers() -> Sequence[APIRouter]:
    """Every router, each with whole paths."""
    return (
        provider_invoices.router,
        provider_invoice_verbs.router,
        provider_invoice_uploads.router,
        provider_invoice_reads.router,
        provider_sync.router,
        customer_invoices.router,
        customer_invoice_items.router,
        customer_invoice_bulk.router,
        customer_invoice_verbs.router,
        customer_invoice_tasks.router,
        billing_contracts.router,
        billing_contract_lines.router,
        billing_contract_generation.router,
        billing_contract_bulk.router,
        billing_contract_lists.router,
        invoice_runs.router,
        approval_queue.router,
        number_series.router,
        purchases.router,
        pricing_rules.router,
        *(_of_kind(name) for name in REFERENCE_KINDS),
        reference_more.router,
        lists.router,
        problem_lists.router,
        reports.router,
        jobs.router,
        operations.router,
        keys.router,
        events.router,
        system.router,
    )


def _of_kind(name: str) -> APIRouter:
    kind = KINDS[name]
    router = APIRouter(route_class=ApiRoute, tags=[kind.plural])
    base = f"/v1/{kind.plural}"
    reference_bulk.add_routes(router, kind, base)
    reference.add_routes(router, kind, base, *TELLS_MORE.get(name, ()))
    lists.add_list(router, kind, base)
    return router
