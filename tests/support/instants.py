"""A fixed now for tests, and the origin of a command."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from commands.origin import Origin

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def origin(actor="ann", command: UUID | None = None, now: datetime = NOW) -> Origin:
    return Origin(
        command_id=command or uuid4(),
        actor=actor,
        now=now,
        business_date=date(now.year, now.month, now.day),
        zone="UTC",
        correlation_id="test",
    )
