"""What a check of `ledgerline verify` says: figures, findings, and what it could not look at."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

MOST: Final = 1_000
"""Findings of one check that are named."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was looked at, and what was found wrong; no finding is what one hopes for."""

    name: str
    figures: str
    findings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be looked at, and why: nothing wrong."""

    @property
    def sound(self) -> bool:
        """Nothing was found."""
        return not self.findings

    def document(self) -> dict[str, Any]:
        """For machines."""
        return {
            "check": self.name,
            "sound": self.sound,
            "figures": self.figures,
            "findings": list(self.findings),
            "notes": list(self.notes),
        }


@dataclass(slots=True)
class Findings:
    """Those of a check, at most MOST of them: of more there is only the number."""

    first: list[str] = field(default_factory=list)
    more: int = 0

    def add(self, finding: str | None) -> None:
        """None: nothing was found."""
        if finding is not None and len(self.first) < MOST:
            self.first.append(finding)
        elif finding is not None:
            self.more += 1

    def extend(self, findings: Iterable[str]) -> None:
        """Several."""
        for finding in findings:
            self.add(finding)

    @property
    def count(self) -> int:
        """All of them."""
        return len(self.first) + self.more

    @property
    def kept(self) -> tuple[str, ...]:
        """What is told of them."""
        return (*self.first, f"and {self.more:,} more") if self.more else tuple(self.first)
