"""What can be asked of the reference data."""

from dataclasses import dataclass
from typing import Any, Protocol

from projections.paging import Page, PageRequest
from projections.reference_list.rows import ReferenceRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceFilter:
    """Any combination; None: not asked. `search` is a part of code or name, case aside; personal names, too.

    `body` are fields of the body that must be equal, such as {"cluster": "north"}; `identifier_of` is a provider that
    must have an identifier for it.
    """

    search: str | None = None
    retired: bool | None = False
    body: dict[str, Any] | None = None
    identifier_of: str | None = None


class ReferenceQueries(Protocol):
    """Reference data of one kind, by code. Personal fields are open, or `[erased]` once their key is destroyed."""

    async def page(self, kind: str, wanted: ReferenceFilter, page: PageRequest) -> Page[ReferenceRow]:
        """A page of the list; Rejected for a cursor that is none of it."""
        ...

    async def get(self, kind: str, code: str) -> ReferenceRow | None:
        """One, also a retired one."""
        ...

    async def suggest(self, kind: str, text: str, limit: int = 10) -> list[tuple[str, str | None]]:
        """(code, name) of those whose code begins with a text, then of those that have it in their name."""
        ...
