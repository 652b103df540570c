"""Load many pieces of reference data of one kind: each item has its own result, the good ones are done.

Items are saved in order, a slice of them in one transaction (one round trip and one flush for all of it). When a slice
can't be stored as a whole, because a name is taken or somebody else is saving too, its items are saved one by one, so
that each fails or succeeds for itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal
from uuid import UUID

from commands.handling import Busy, Decided, Done, settle
from commands.origin import Origin
from commands.ports.event_store import ClaimTaken, Conflict, Save
from commands.reference.desk import Desk, Outcome
from commands.reference.plan import Plan, plan_save
from commands.reference.related import streams_for
from commands.reference.rows import IdentifierTaken, merged
from commands.reference.save import decided, refusing_taken
from domain.identity import reference_stream
from domain.reference.bodies import ReferenceBody
from domain.reference.decisions import parse
from domain.reference.identifiers import Period, days_left
from domain.reference.kinds import Kind
from domain.reference.state import InForce, State, fold
from domain.rejected import Rejected

MAX_ITEMS: Final = 100_000
SLICE: Final = 250
"""Items a transaction: large enough to share its cost, small enough to decide again quickly."""

MAX_HOLDERS: Final = 50
"""Periods of others that an identifier is fitted between."""

Held = Mapping[tuple[str, str], Sequence[Period]]
"""(provider, identifier) -> periods in which other codes hold it."""

ItemResult = Literal["created", "updated", "unchanged", "rejected", "skipped"]


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a list: where it stands in the request (`index` from 0, or the `line` of a file), and its body.

    `body` is JSON, or what to make of the present body (`change`, with the present one or None, and with the periods
    in which others hold identifiers, as far as they were found in the way).
    """

    index: int
    code: str
    body: Mapping[str, Any] | None = None
    change: Callable[[ReferenceBody | None, Held], ReferenceBody] | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item; `error` is the refusal."""

    index: int
    code: str | None
    result: ItemResult
    id: UUID | None = None
    version: int | None = None
    line: int | None = None
    error: Rejected | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """All results in the order of the items, and the position that the load reached."""

    results: tuple[Result, ...]
    position: int

    def count(self, result: ItemResult) -> int:
        """How many items ended so."""
        return sum(r.result == result for r in self.results)


def items_of_json(values: Sequence[Any]) -> list[Item]:
    """Items out of a JSON list; what is no object is refused when its turn comes."""
    return [
        Item(index, str(value.get("code", "")).strip(), body=value) if isinstance(value, Mapping) else Item(index, "")
        for index, value in enumerate(values)
    ]


async def load_many(
    desk: Desk,
    origin: Origin,
    kind: Kind,
    items: Sequence[Item],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Loaded:
    """Save all items; Rejected `too-many-items` above 100,000, otherwise each item has its own result.

    A later item with the code of an earlier one is saved after it. `progress` is told (done, of).
    """
    if len(items) > MAX_ITEMS:
        raise Rejected(
            "too-many-items",
            f"{len(items)} items are more than {MAX_ITEMS}: send them in several requests.",
            kind="invalid",
        )
    results: dict[int, Result] = {}
    position = 0
    done = 0
    for part in _slices(kind, items):
        reached = await _save_slice(desk, origin, kind, part, results)
        position = max(position, reached)
        done += len(part)
        if progress:
            progress(done, len(items))
    return Loaded(tuple(results[item.index] for item in items), position)


def _slices(kind: Kind, items: Iterable[Item]) -> Iterable[list[Item]]:
    """Slices in which no code stands twice; clusters come singly, as one may be the parent of the next."""
    size = 1 if kind.name == "cluster" else SLICE
    part: list[Item] = []
    codes: set[str] = set()
    for item in items:
        if len(part) == size or (item.code and item.code in codes):
            yield part
            part, codes = [], set()
        part.append(item)
        codes.add(item.code)
    if part:
        yield part


async def _save_slice(desk: Desk, origin: Origin, kind: Kind, part: Sequence[Item], results: dict[int, Result]) -> int:
    own = {item.index: reference_stream(kind.name, item.code) for item in part}
    histories = dict(await desk.store.load_many(list(own.values())))
    bodies: dict[int, ReferenceBody] = {}
    for item in part:
        try:
            bodies[item.index] = _body(kind, item, fold(histories[own[item.index]].facts))
        except Rejected as refused:
            results[item.index] = _refused(item, refused)
    others = {stream for body in bodies.values() for stream in streams_for(kind.name, body)} - histories.keys()
    histories |= await desk.store.load_many(sorted(others, key=str))
    plans: dict[int, Plan] = {}
    for item in part:
        if item.index in bodies:
            try:
                plans[item.index] = plan_save(kind, bodies[item.index], histories, desk.templates, mode="replace")
            except Rejected as refused:
                results[item.index] = _refused(item, refused)
    planned = [item for item in part if item.index in plans]
    try:
        position = await _together(desk, origin, [plans[item.index] for item in planned])
    except (Conflict, ClaimTaken):
        return max([await _alone(desk, origin, kind, item, results) for item in planned])
    for item in planned:
        results[item.index] = _done(item, plans[item.index].outcome)
    return position


async def _together(desk: Desk, origin: Origin, plans: Sequence[Plan]) -> int:
    writes = tuple(write for plan in plans for write in plan.writes)
    claims = tuple(claim for plan in plans for claim in plan.claims)
    taken = [(claim.kind, claim.key) for claim in claims if claim.take]
    if len(set(taken)) < len(taken):
        raise Conflict(writes[0].after.stream)
    if not writes:
        return 0
    rows = merged([row for plan in plans for row in plan.rows])
    return (await desk.store.append(Save(origin, writes, claims, rows=rows))).position


async def _alone(desk: Desk, origin: Origin, kind: Kind, item: Item, results: dict[int, Result]) -> int:
    own = reference_stream(kind.name, item.code)
    held: dict[tuple[str, str], list[Period]] = {}

    async def decide() -> Decided[Outcome]:
        history = await desk.store.load(own)
        body = _body(kind, item, fold(history.facts), held)
        histories = {**await desk.store.load_many(streams_for(kind.name, body)), own: history}
        return decided(origin, plan_save(kind, body, histories, desk.templates, mode="replace"))

    async def fitted() -> Done[Outcome]:
        for _ in range(MAX_HOLDERS):
            try:
                return await settle(desk.store, origin, decide)
            except IdentifierTaken as taken:
                periods = held.setdefault((taken.provider, taken.identifier), [])
                periods.append(taken.period)
                if item.change is None or not days_left(periods):
                    raise
        return await settle(desk.store, origin, decide)

    try:
        done = await refusing_taken(fitted())
    except Rejected as refused:
        results[item.index] = _refused(item, refused)
        return 0
    except Busy as busy:
        results[item.index] = _refused(item, Rejected("busy", f"{busy} Send it again."))
        return 0
    results[item.index] = _done(item, done.outcome)
    return done.position


def _body(kind: Kind, item: Item, state: State, held: Held = MappingProxyType({})) -> ReferenceBody:
    if item.change is not None:
        return item.change(state.body if isinstance(state, InForce) else None, held)
    return parse(kind, item.body or {})


def _done(item: Item, outcome: Outcome) -> Result:
    result = outcome.result
    if result not in ("created", "updated", "unchanged"):
        raise ValueError(f"saving can't end {result}")
    return Result(item.index, item.code, result, outcome.id, outcome.version, item.line)


def _refused(item: Item, error: Rejected) -> Result:
    return Result(item.index, item.code or None, "rejected", line=item.line, error=error)
