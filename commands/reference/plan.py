"""One body to be saved: what follows from it for streams, claims and rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from commands.mail.samples import sample_of
from commands.ports.event_store import Claim, History, Rows, Write
from commands.ports.templates import TemplateBroken, Templates, Text
from commands.reference.desk import Outcome, Result
from commands.reference.related import refuse_unknown
from commands.reference.rows import IdentifiedKind, IdentifierRows, ProviderRows
from domain.fact import Fact
from domain.identity import Stream, reference_stream
from domain.reference import decisions, tree
from domain.reference.bodies import ClusterBody, NotificationTemplateBody, ProviderBody, ReferenceBody
from domain.reference.kinds import Kind
from domain.reference.state import Absent, InForce, State, fold
from domain.reference.tree import CLUSTER_TREE
from domain.rejected import Rejected


@dataclass(frozen=True, slots=True)
class Plan:
    """All that one save stores besides its envelope; no writes: it is saved already."""

    writes: tuple[Write, ...]
    claims: tuple[Claim, ...]
    rows: tuple[Rows, ...]
    outcome: Outcome


def plan_save(
    kind: Kind,
    body: ReferenceBody,
    histories: Mapping[Stream, History],
    templates: Templates,
    *,
    mode: Literal["create", "replace"],
) -> Plan:
    """What saving the body stores. `histories` holds all of `related.streams_for`. Rejected as the decisions say."""
    own = histories[reference_stream(kind.name, body.code)]
    state = fold(own.facts)
    facts = decisions.save(kind, state, body, create=mode == "create")
    if not facts:
        return Plan((), (), (), _outcome(kind, own, body, "unchanged"))
    refuse_unknown(body, histories)
    refuse_broken_text(body, templates)
    writes = [Write(own, tuple(facts))]
    if isinstance(body, ClusterBody):
        moves = tree.move(tree.grow(histories[CLUSTER_TREE].facts), body.code, body.parent)
        if moves:
            writes.append(Write(histories[CLUSTER_TREE], tuple(moves)))
            if body.parent:  # nothing is written to it, but it must not be retired meanwhile
                writes.append(Write(histories[reference_stream("cluster", body.parent)], ()))
    result: Result = "updated" if isinstance(state, InForce) else "created"
    return Plan(
        tuple(writes),
        _claims(kind, own, state, body),
        _rows(kind, state, body),
        _outcome(kind, own, body, result, facts),
    )


def plan_retire(kind: Kind, code: str, reason: str | None, own: History, cluster_tree: History | None) -> Plan:
    """What retiring stores: its unique names are free again."""
    state = fold(own.facts)
    facts = decisions.retire(kind, state, code, reason)
    if isinstance(state, Absent):
        raise decisions.missing(kind, code)
    if not facts:
        return Plan((), (), (), _outcome(kind, own, state.body, "unchanged"))
    writes = [Write(own, tuple(facts))]
    if cluster_tree is not None:
        writes.append(Write(cluster_tree, tuple(tree.leave(tree.grow(cluster_tree.facts), code))))
    names = frozenset() if kind.for_ever else kind.unique(state.body)
    claims = tuple(Claim(kind.name, key, own.stream.id, take=False) for key in sorted(names))
    rows: tuple[Rows, ...] = ()
    if isinstance(state.body, ProviderBody):
        rows = (ProviderRows(code, in_force=False, not_resold=state.body.not_resold),)
    elif getattr(state.body, "identifiers", ()):
        rows = (IdentifierRows(cast("IdentifiedKind", kind.name), ((code, ()),)),)
    return Plan(tuple(writes), claims, rows, _outcome(kind, own, state.body, "retired", facts))


def refuse_broken_text(body: ReferenceBody, templates: Templates) -> None:
    """Rejected `template-broken` for a notification template that could not be rendered when it is needed."""
    if isinstance(body, NotificationTemplateBody):
        try:
            templates.check(Text(body.subject, body.body), sample_of(body.code))
        except TemplateBroken as broken:
            raise Rejected(
                "template-broken",
                f"The template {body.code} can't be used: {broken.message}",
                kind="invalid",
                facts={"errors": [{"pointer": f"/{broken.field}", "line": broken.line, "message": broken.message}]},
            ) from None


def _claims(kind: Kind, own: History, state: State, body: ReferenceBody) -> tuple[Claim, ...]:
    before = kind.unique(state.body) if isinstance(state, InForce) else frozenset()
    after = kind.unique(body)
    left = frozenset() if kind.for_ever else before - after
    given = [Claim(kind.name, key, own.stream.id, take=False) for key in sorted(left)]
    return (*given, *(Claim(kind.name, key, own.stream.id) for key in sorted(after - before)))


def _rows(kind: Kind, state: State, body: ReferenceBody) -> tuple[Rows, ...]:
    if isinstance(body, ProviderBody):
        return (ProviderRows(body.code, in_force=True, not_resold=body.not_resold),)
    before = getattr(state.body, "identifiers", ()) if isinstance(state, InForce) else ()
    after = getattr(body, "identifiers", ())
    if set(before) == set(after):
        return ()
    return (IdentifierRows(cast("IdentifiedKind", kind.name), ((body.code, after),)),)


def _outcome(kind: Kind, own: History, body: ReferenceBody, result: Result, facts: list[Fact] | None = None) -> Outcome:
    return Outcome(kind.name, body.code, own.stream.id, own.version + len(facts or ()), result, body)
