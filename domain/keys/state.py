"""An API key as its facts leave it."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.fact import Fact
from domain.operations.events import KeyCreated, KeyRevoked


@dataclass(frozen=True, slots=True)
class NoKey:
    """Never created."""


@dataclass(frozen=True, slots=True)
class Key:
    """Created; whether it has expired is a question about an instant, and not kept."""

    created: KeyCreated
    revoked: bool = False


KeyState = NoKey | Key


def fold(facts: Iterable[Fact]) -> KeyState:
    """All facts of one stream, from the first."""
    state: KeyState = NoKey()
    for fact in facts:
        match fact, state:
            case KeyCreated(), NoKey():
                state = Key(fact)
            case KeyRevoked(), Key():
                state = Key(state.created, revoked=True)
            case _:
                raise ValueError(f"{fact.type} can't follow {state}")
    return state
