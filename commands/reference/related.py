"""Other reference data that a body names: loaded with it, and checked before it is saved."""

from collections.abc import Mapping

from commands.ports.event_store import History
from domain.identity import Stream, reference_stream
from domain.reference.bodies import ClusterBody, CustomerBody, ProductBody, ProviderBody, ReferenceBody
from domain.reference.state import Absent, InForce, fold
from domain.reference.tree import CLUSTER_TREE
from domain.rejected import Rejected


def named(body: ReferenceBody) -> dict[Stream, tuple[str, str]]:
    """Streams of what the body names: stream -> (kind, code)."""
    codes: set[tuple[str, str]] = set()
    if isinstance(body, CustomerBody | ProductBody):
        codes.update(("provider", i.provider) for i in body.identifiers)
    if isinstance(body, CustomerBody) and body.cluster:
        codes.add(("cluster", body.cluster))
    if isinstance(body, ClusterBody) and body.parent:
        codes.add(("cluster", body.parent))
    if isinstance(body, ProviderBody) and body.unassigned_customer:
        codes.add(("customer", body.unassigned_customer))
    return {reference_stream(kind, code): (kind, code) for kind, code in codes}


def streams_for(kind: str, body: ReferenceBody) -> list[Stream]:
    """All streams that saving this body has to look at: its own, the tree's for a cluster, and those it names."""
    tree = [CLUSTER_TREE] if kind == "cluster" else []
    return [reference_stream(kind, body.code), *tree, *named(body)]


def refuse_unknown(body: ReferenceBody, histories: Mapping[Stream, History]) -> None:
    """Rejected `unknown-provider`, `unknown-cluster`, `unknown-customer` when the body names what is not there.

    A retired provider still has a meaning in identifiers; what is to be used from now on must be in force.
    """
    for stream, (kind, code) in sorted(named(body).items(), key=lambda item: item[1]):
        state = fold(histories[stream].facts)
        known = not isinstance(state, Absent) if kind == "provider" else isinstance(state, InForce)
        if not known and code != body.code:
            raise Rejected(
                f"unknown-{kind}",
                f"{body.code} names the {kind} {code}, which is not there: save that first.",
                kind="invalid",
                facts={"kind": kind, "code": code},
            )
