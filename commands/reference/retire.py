"""Retire one piece of reference data."""

from commands.handling import Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.reference.desk import Desk, Outcome
from commands.reference.plan import plan_retire
from commands.reference.save import ToAnswer, decided
from domain.identity import reference_stream
from domain.reference.kinds import Kind
from domain.reference.tree import CLUSTER_TREE


async def retire(
    desk: Desk,
    origin: Origin,
    kind: Kind,
    code: str,
    reason: str | None = None,
    *,
    if_match: int | None = None,
    answer: ToAnswer | None = None,
) -> Done[Outcome]:
    """Take it out of use, its identifiers with it; Rejected `not-found`, `not-retirable`, `cluster-has-children`."""
    own = reference_stream(kind.name, code)

    async def decide() -> Decided[Outcome]:
        streams = [own, CLUSTER_TREE] if kind.name == "cluster" else [own]
        histories = await desk.store.load_many(streams)
        expect_version(histories[own].version, if_match)
        plan = plan_retire(kind, code, reason, histories[own], histories.get(CLUSTER_TREE))
        return decided(origin, plan)

    return await settle(desk.store, origin, decide, answer)
