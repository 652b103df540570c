"""Which milestones a run takes, and what they come to. Only what is ready, each once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.money import add, rounded


@dataclass(frozen=True, slots=True)
class Milestone:
    """An amount agreed for something done by a day; `taken`: on a live invoice."""

    name: str
    day: date
    amount: Decimal
    ready: bool = False
    taken: bool = False


def take_milestones(milestones: Iterable[Milestone], day: date | None) -> tuple[Milestone, ...]:
    """Those dated up to a day that are ready and not taken, in order. None: of any day, the one last run."""
    return _ordered(one for one in milestones if one.ready and not one.taken and (day is None or one.day <= day))


def milestones_amount(milestones: Iterable[Milestone], currency: str) -> Decimal:
    """Their sum, rounded once."""
    return rounded(add(*(one.amount for one in milestones)), currency)


def milestones_left_behind(milestones: Iterable[Milestone]) -> tuple[Milestone, ...]:
    """Those that nothing will take once the line has ended (problem `unbilled_at_end`): not ready."""
    return _ordered(one for one in milestones if not one.ready and not one.taken)


def _ordered(milestones: Iterable[Milestone]) -> tuple[Milestone, ...]:
    return tuple(sorted(milestones, key=lambda one: (one.day, one.name)))
