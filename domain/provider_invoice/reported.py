"""What a provider reported for an active invoice after its import, and how it was settled."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, TypeAlias
from uuid import UUID

Reported: TypeAlias = tuple[str | None, Decimal, str | None]
"""Revision, total, and the currency where it is another than the invoice's."""


@dataclass(frozen=True, slots=True)
class Change:
    """What the provider reported for an active invoice; `open` until somebody or the provider settles it.

    `reopened`: its adjustment, or one before it, was deleted, so that it is settled no more.
    """

    revision: str | None
    total: Decimal
    how: Literal["open", "acknowledged", "withdrawn", "adjusted", "reopened"]
    currency: str | None = None
    """Where it is another than the invoice's."""
    adjustment: UUID | None = None

    @property
    def reported(self) -> Reported:
        """What the provider reported."""
        return self.revision, self.total, self.currency


def without_adjustment(changes: tuple[Change, ...], adjustment: UUID) -> tuple[Change, ...]:
    """The changes when an adjustment counts no more: from its own on, none is settled by a person any more."""
    first = next((i for i, c in enumerate(changes) if c.adjustment == adjustment and c.how == "adjusted"), None)
    if first is None:
        return changes
    after = (c if c.how == "withdrawn" else replace(c, how="reopened") for c in changes[first:])
    return (*changes[:first], *after)
