"""A piece of reference data as its facts leave it."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.fact import Fact
from domain.reference.bodies import ReferenceBody
from domain.reference.events import CustomerErased, Retired, Saved


@dataclass(frozen=True, slots=True)
class Absent:
    """Never saved."""

    version: int = 0


@dataclass(frozen=True, slots=True)
class InForce:
    """Saved, and in use. `version` counts all facts of the stream."""

    version: int
    body: ReferenceBody


@dataclass(frozen=True, slots=True)
class OutOfUse:
    """Retired: what refers to it keeps its meaning; saving it again brings it back."""

    version: int
    body: ReferenceBody


@dataclass(frozen=True, slots=True)
class Erased:
    """A customer whose key was destroyed: for good, as nothing could be read under it again."""

    version: int
    body: ReferenceBody


State = Absent | InForce | OutOfUse | Erased


def evolve(state: State, fact: Fact) -> State:
    """The state after one more fact; facts of other aggregates do not belong here."""
    version = state.version + 1
    match fact, state:
        case Saved(), _:
            return InForce(version, fact.body)
        case Retired(), InForce() | OutOfUse():
            return OutOfUse(version, state.body)
        case CustomerErased(), InForce() | OutOfUse() | Erased():
            return Erased(version, state.body)
        case _:
            raise ValueError(f"{fact.type} can't follow {type(state).__name__}")


def fold(facts: Iterable[Fact]) -> State:
    """All facts of one stream, from the first."""
    state: State = Absent()
    for fact in facts:
        state = evolve(state, fact)
    return state
