"""Rows that are decided in the transaction of a save: whose identifier it is, and what is not resold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from commands.ports.event_store import ClaimTaken, Rows
from domain.identity import id_for
from domain.reference.bodies import Identifier, NotResold

IdentifiedKind = Literal["customer", "product"]


@dataclass(frozen=True, slots=True)
class IdentifierRows(Rows):
    """All identifiers that codes of one kind have from now on; what they had before is replaced.

    The writer raises IdentifierTaken when another code holds one of them on a day of its period: decided under a
    lock for the identifier, so that of many savers one wins.
    """

    kind: IdentifiedKind
    holders: tuple[tuple[str, tuple[Identifier, ...]], ...]


@dataclass(frozen=True, slots=True)
class ProviderRows(Rows):
    """A provider's row in the list of providers, and its identifiers that are not resold."""

    code: str
    in_force: bool
    not_resold: tuple[NotResold, ...]


class IdentifierTaken(ClaimTaken):
    """An identifier belongs to another customer or product on some day. Nothing of the save was stored."""

    def __init__(
        self,
        kind: str,
        provider: str,
        identifier: str,
        wanted_by: str,
        holder: str,
        period: tuple[date | None, date | None],
    ) -> None:
        super().__init__(f"{kind}-identifier", f"{provider}:{identifier}", id_for(kind, holder))
        self.identified = kind
        self.provider = provider
        self.identifier = identifier
        self.wanted_by = wanted_by
        self.holder = holder
        self.period = period


def merged(rows: Sequence[Rows]) -> tuple[Rows, ...]:
    """The rows of several saves as those of one: one lock and one statement for all identifiers of a kind."""
    others = [r for r in rows if not isinstance(r, IdentifierRows)]
    holders: dict[IdentifiedKind, list[tuple[str, tuple[Identifier, ...]]]] = {}
    for r in rows:
        if isinstance(r, IdentifierRows):
            holders.setdefault(r.kind, []).extend(r.holders)
    return (*others, *(IdentifierRows(kind, tuple(several)) for kind, several in holders.items()))
