"""Problems that are no invoice's: purchases and usage that no invoice can take, customers that are wrongly set up,
contracts that could not be billed or were not billed to the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

FindingKind = Literal[
    "purchases_unrouted",
    "purchases_held",
    "usage_unrouted",
    "wrong_set_up",
    "contract_not_billed",
    "line_skipped",
    "unbilled_at_end",
    "superseded_open",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem: what, with figures, since when, and what to do next. `facts` name what it is about."""

    problem: FindingKind
    message: str
    next_step: str
    since: datetime | None
    facts: Mapping[str, Any]


class Findings(Protocol):
    """What is found by looking, the oldest first in each kind."""

    async def all(self, held_before: datetime) -> Sequence[Finding]:
        """At most some hundreds; what is alike (customer, reference, reason) is one with a count.

        `held_before`: a purchase whose ad hoc reference nobody knows is a problem after a day.
        """
        ...
