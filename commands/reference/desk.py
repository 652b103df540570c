"""What the commands on reference data need, and what they answer."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from commands.ports.event_store import EventStore
from commands.ports.templates import Templates
from domain.reference.bodies import ReferenceBody

Result = Literal["created", "updated", "unchanged", "retired", "erased"]


@dataclass(frozen=True, slots=True)
class Desk:
    """The ports. `templates` checks the texts of notification templates before they are saved."""

    store: EventStore
    templates: Templates


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one piece of reference data; `version` is its stream's, for `ETag`."""

    kind: str
    code: str
    id: UUID
    version: int
    result: Result
    body: ReferenceBody
