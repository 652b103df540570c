"""Who asks, when and why: stored with every event a command leads to."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Origin:
    """The envelope of a command.

    `now` is an aware instant in UTC; `business_date` is that instant's day in `zone`. `actor` is the person or
    service that acts, `agent` the key that acted for it when they differ. `causation_id` is the id of the event
    that led to the command, None for one that came from outside.
    """

    command_id: UUID
    actor: str
    now: datetime
    business_date: date
    zone: str
    correlation_id: str
    agent: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None

    def because_of(self, event_id: UUID, command_id: UUID) -> "Origin":
        """The origin of a command that an event leads to."""
        return replace(self, causation_id=str(event_id), command_id=command_id)
