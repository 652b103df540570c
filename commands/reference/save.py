"""Save one piece of reference data: create it, replace it, or change some of its fields."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from commands.handling import Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.ports.event_store import Answer, ClaimTaken, History, Save
from commands.reference.desk import Desk, Outcome
from commands.reference.plan import Plan, plan_save
from commands.reference.related import streams_for
from commands.reference.rows import IdentifierTaken
from domain.identity import reference_stream
from domain.reference import decisions
from domain.reference.bodies import ReferenceBody
from domain.reference.kinds import KINDS, Kind
from domain.reference.state import Absent, InForce, fold
from domain.rejected import Rejected

ToAnswer = Callable[[Outcome], Answer | None]


async def save(
    desk: Desk,
    origin: Origin,
    kind: Kind,
    body: ReferenceBody,
    *,
    mode: Literal["create", "replace"] = "replace",
    if_match: int | None = None,
    answer: ToAnswer | None = None,
) -> Done[Outcome]:
    """Make the body the present one. `create` refuses a code that has another body; the same body again is nothing.

    Rejected as `domain.reference.decisions.save`, and `unknown-*`, `cluster-cycle`, `identifier-taken`,
    `template-broken`, `not-unique`; Busy after five lost races.
    """

    async def decide() -> Decided[Outcome]:
        plan = await _plan(desk, kind, body, mode, if_match)
        return decided(origin, plan)

    return await refusing_taken(settle(desk.store, origin, decide, answer))


async def patch(
    desk: Desk,
    origin: Origin,
    kind: Kind,
    code: str,
    changes: Mapping[str, Any],
    *,
    default: ReferenceBody | None = None,
    if_match: int | None = None,
    answer: ToAnswer | None = None,
) -> Done[Outcome]:
    """Merge changes (JSON, RFC 7396) into the present body and save it; Rejected as `save`, or `not-found`.

    `default` is the body of what is there without ever having been saved, such as a job.
    """
    own = reference_stream(kind.name, code)

    async def decide() -> Decided[Outcome]:
        history = await desk.store.load(own)
        state = fold(history.facts)
        if default is not None and isinstance(state, Absent):
            state = InForce(0, default)
        body = decisions.patched(kind, state, code, changes)
        if state == InForce(0, body):
            expect_version(history.version, if_match)
            return Decided(None, Outcome(kind.name, code, own.id, 0, "unchanged", body))
        return decided(origin, await _plan(desk, kind, body, "replace", if_match, own=history))

    return await refusing_taken(settle(desk.store, origin, decide, answer))


def decided(origin: Origin, plan: Plan) -> Decided[Outcome]:
    """A plan as what `settle` takes."""
    if not plan.writes:
        return Decided(None, plan.outcome)
    return Decided(Save(origin, plan.writes, plan.claims, rows=plan.rows), plan.outcome)


async def refusing_taken(settling: Awaitable[Done[Outcome]]) -> Done[Outcome]:
    """A name that somebody else holds becomes the refusal that says who."""
    try:
        return await settling
    except ClaimTaken as taken:
        raise name_taken(taken) from None


def name_taken(taken: ClaimTaken) -> Rejected:
    """The refusal: `identifier-taken` names the holder by code, `not-unique` by id."""
    if isinstance(taken, IdentifierTaken):
        since, until = (day.isoformat() if day else "ever" for day in taken.period)
        period = "" if taken.period == (None, None) else f" from {since} to {until}"
        return Rejected(
            "identifier-taken",
            f"Identifier {taken.identifier!r} of provider {taken.provider} belongs to {taken.identified} "
            f"{taken.holder}{period}: end it there before {taken.wanted_by} gets it.",
            facts={
                "provider": taken.provider,
                "identifier": taken.identifier,
                "holder": taken.holder,
                "code": taken.wanted_by,
            },
        )
    what = KINDS[taken.kind].name if taken.kind in KINDS else taken.kind
    return Rejected(
        "not-unique",
        f"There is another {what} for {taken.key}: change that one, or retire it.",
        facts={"kind": taken.kind, "key": taken.key, "owner": str(taken.owner)},
    )


async def _plan(
    desk: Desk,
    kind: Kind,
    body: ReferenceBody,
    mode: Literal["create", "replace"],
    if_match: int | None,
    own: History | None = None,
) -> Plan:
    """Load and plan. `own` is the stream as the caller saw it: when it moved on since, the append finds out."""
    histories = dict(await desk.store.load_many(streams_for(kind.name, body)))
    if own is not None:
        histories[own.stream] = own
    expect_version(histories[reference_stream(kind.name, body.code)].version, if_match)
    return plan_save(kind, body, histories, desk.templates, mode=mode)
