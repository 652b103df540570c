"""Origins of commands in tests."""

from datetime import UTC, datetime
from uuid import uuid4

from commands.origin import Origin

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def origin(now: datetime = NOW, actor: str = "alice") -> Origin:
    """An origin of its own: a new command by a person, at an instant."""
    return Origin(command_id=uuid4(), actor=actor, now=now, business_date=now.date(), zone="UTC", correlation_id="test")
