"""Other reference data that a body names: loaded with it, and checked before it is saved."""

from collections.abc import Mapping

from commands.ports.event_store import History
from domain.identity import Stream, reference_stream
from domain.pricing.rule import PricingRuleBody
from domain.reference.bodies import ClusterBody, CustomerBody, ProductBody, ProviderBody, ReferenceBody
from domain.reference.invoice_bodies import DEFAULT_CODE, ApprovalProcessBody
from domain.reference.state import Absent, InForce, fold
from domain.reference.tree import CLUSTER_TREE
from domain.rejected import Rejected


def named(body: ReferenceBody) -> dict[Stream, tuple[str, str]]:
    """Streams of what the body names: stream -> (kind, code)."""
    codes: set[tuple[str, str]] = set()
    if isinstance(body, CustomerBody | ProductBody):
        codes.update(("provider", i.provider) for i in body.identifiers)
    if isinstance(body, ApprovalProcessBody):
        codes.update(("group", step.group) for step in body.steps)
    codes.update((kind, code) for kind, code in _single(body) if code)
    return {reference_stream(kind, code): (kind, code) for kind, code in codes}


def _single(body: ReferenceBody) -> list[tuple[str, str | None]]:
    """(kind, code) of the fields that name one thing, or nothing."""
    match body:
        case CustomerBody():
            return [("cluster", body.cluster), *_invoicing(body)]
        case ClusterBody():
            return [("cluster", body.parent), *_invoicing(body)]
        case ProviderBody():
            return [("customer", body.unassigned_customer)]
        case PricingRuleBody():
            return [("customer", body.customer), ("cluster", body.cluster), ("product", body.product)]
        case _:
            return []


def _invoicing(body: CustomerBody | ClusterBody) -> list[tuple[str, str | None]]:
    return [("approval-process", body.approval_process), ("invoice-number-series", body.number_series)]


def streams_for(kind: str, body: ReferenceBody) -> list[Stream]:
    """All streams that saving this body has to look at: its own, the tree's for a cluster, and those it names."""
    tree = [CLUSTER_TREE] if kind == "cluster" else []
    return [reference_stream(kind, body.code), *tree, *named(body)]


def refuse_unknown(body: ReferenceBody, histories: Mapping[Stream, History]) -> None:
    """Rejected `unknown-KIND`, such as `unknown-cluster`, when the body names what is not there.

    A retired provider still has a meaning in identifiers; what is to be used from now on must be in force.
    """
    for stream, (kind, code) in sorted(named(body).items(), key=lambda item: item[1]):
        state = fold(histories[stream].facts)
        known = not isinstance(state, Absent) if kind == "provider" else isinstance(state, InForce)
        if not known and not _needs_no_saving(body, kind, code):
            raise Rejected(
                f"unknown-{kind}",
                f"{body.code} names the {kind} {code}, which is not there: save that first.",
                kind="invalid",
                facts={"kind": kind, "code": code},
            )


def _needs_no_saving(body: ReferenceBody, kind: str, code: str) -> bool:
    """A cluster that names itself is refused as a circle; defaults serve without having been saved."""
    if kind in ("approval-process", "invoice-number-series"):
        return code == DEFAULT_CODE
    return isinstance(body, ClusterBody) and kind == "cluster" and code == body.code
