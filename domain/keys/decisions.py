"""What may happen to an API key. Repeating what is done already decides nothing."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import get_args
from uuid import UUID

from domain.fact import Fact
from domain.keys.state import Key, KeyState, NoKey
from domain.operations.events import KeyCreated, KeyRevoked
from domain.permissions import Role
from domain.rejected import Rejected

SECRET_PREFIX = "ll_"  # noqa: S105 - the public prefix, by which scanners find leaked keys
SECRET_BYTES = 32
_SUBJECT = re.compile(r"[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]{0,198}[^\s\x00-\x1f\x7f]|[^\s\x00-\x1f\x7f]")


def create(
    state: KeyState,
    *,
    key: UUID,
    subject: str,
    roles: Sequence[str],
    delegate: bool,
    expires_at: datetime | None,
    secret_sha256: str,
    now: datetime,
) -> list[Fact]:
    """Make a key. `subject` is the person or service it belongs to; `expires_at` None: it does not expire.

    Rejected `unknown-role`, `no-roles`, `invalid-subject`, `expires-in-past`, and `already-exists` for another key
    under the same id.
    """
    if not _SUBJECT.fullmatch(subject):
        raise Rejected("invalid-subject", "A key's subject has 1 to 200 printable characters.", kind="invalid")
    known: tuple[Role, ...] = get_args(Role)
    wrong = sorted(set(roles) - set(known))
    if wrong:
        raise Rejected("unknown-role", f"{wrong[0][:40]!r} is no role: {', '.join(known)} are.", kind="invalid")
    if not roles:
        raise Rejected("no-roles", f"A key needs at least one role out of {', '.join(known)}.", kind="invalid")
    fact = KeyCreated(
        key=key,
        subject=subject,
        roles=tuple(role for role in known if role in roles),
        delegate=delegate,
        expires_at=expires_at,
        secret_sha256=secret_sha256,
    )
    match state:
        case Key(created=created):
            if created == fact:
                return []
            raise Rejected("already-exists", f"There is another key {key}.", facts={"key": str(key)})
        case NoKey():
            if expires_at is not None and expires_at <= now:
                raise Rejected(
                    "expires-in-past", f"{expires_at.isoformat()} is not after {now.isoformat()}.", kind="invalid"
                )
            return [fact]


def revoke(state: KeyState, key: UUID, reason: str | None) -> list[Fact]:
    """Make it stop working, for good."""
    match state:
        case NoKey():
            raise Rejected("not-found", f"There is no key {key}.", kind="missing")
        case Key(revoked=True):
            return []
        case Key(created=created):
            return [KeyRevoked(key=key, subject=created.subject, reason=reason)]
