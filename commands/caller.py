"""Who calls: the person or service that acts, and the key that it acts with."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from domain import permissions
from domain.permissions import Role


@dataclass(frozen=True, slots=True)
class Caller:
    """`subject` acts; `key_subject` owns the key. They differ when a key with `delegate` names the person it acts for.

    Roles are the key's, groups the subject's: what needs both, such as approving, asks for both.
    """

    subject: str
    key: UUID
    key_subject: str
    roles: frozenset[Role]
    groups: frozenset[str] = frozenset()

    @property
    def actor(self) -> str:
        """As events record it."""
        return self.subject

    @property
    def agent(self) -> str | None:
        """The key that acted for the actor, as events record it; None when they are the same."""
        return None if self.key_subject == self.subject else self.key_subject

    def may(self, action: str) -> bool:
        """Whether one of the roles is enough for the action."""
        return permissions.allowed(action, self.roles)

    def require(self, action: str) -> None:
        """Rejected `role-too-small` unless the caller may."""
        permissions.require(action, self.roles)

    def in_any(self, groups: Collection[str]) -> bool:
        """Whether the subject belongs to one of the groups."""
        return not self.groups.isdisjoint(groups)
