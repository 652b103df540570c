"""Load, fold, decide, append; and decide again when another command was quicker."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from commands.origin import Origin
from commands.ports.event_store import Answer, Conflict, EventStore, Save
from domain.rejected import Rejected

T = TypeVar("T")
MAX_TRIES = 5


@dataclass(frozen=True, slots=True)
class Decided(Generic[T]):
    """What a command decided: what to store (None: nothing, it is done already) and what to tell the caller."""

    save: Save | None
    outcome: T


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """A command that is durable. `position` is that of its last event; 0 when it had nothing to store."""

    outcome: T
    position: int


class Busy(Exception):
    """Other commands were quicker five times in a row; the caller may try again."""


def expect_version(actual: int, expected: int | None) -> None:
    """Refuse a command whose caller looked at another version; None means that the caller does not mind."""
    if expected is not None and expected != actual:
        raise Rejected(
            "stale-version",
            f"The resource is at version {actual}, the request was made for version {expected}: read it again.",
            kind="stale",
            facts={"version": actual},
        )


async def steady(read: Callable[[], Awaitable[T]]) -> T:
    """What is read of several streams, as they are at one time: read again while others change them. Raises Busy."""
    for _ in range(MAX_TRIES):
        with suppress(Conflict):
            return await read()
    raise Busy("The aggregate is being changed by many commands at once.")


async def settle(
    store: EventStore,
    origin: Origin,
    decide: Callable[[], Awaitable[Decided[T]]],
    answer: Callable[[T], Answer | None] | None = None,
) -> Done[T]:
    """Run `decide` (load, fold, decide) and append what it decided, up to five times while streams move on. A `decide`
    that has read some of them before and some after another command says so by a Conflict.

    `answer` renders what the caller is told, when the caller gave an idempotency key: it is stored with the events,
    also when the command had nothing else to store. AlreadyAnswered passes through: the edge tells it again.
    """
    for _ in range(MAX_TRIES):
        try:
            decided = await decide()
        except Conflict:
            continue
        told = answer(decided.outcome) if answer else None
        save = decided.save
        if save is None and told is None:
            return Done(decided.outcome, 0)
        save = replace(save, answer=told) if save else Save(origin=origin, writes=(), answer=told)
        try:
            appended = await store.append(save)
        except Conflict:
            continue
        return Done(decided.outcome, appended.position)
    raise Busy("The aggregate is being changed by many commands at once.")
