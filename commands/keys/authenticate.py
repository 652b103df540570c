"""Recognise a caller by the bearer secret of a request."""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from commands.caller import Caller
from commands.keys.secret import digest_of, looks_like_one
from commands.ports.keys import Keys
from domain.rejected import Rejected

Why = Literal["missing", "malformed", "unknown", "expired", "revoked"]
MAX_PERSON = 200


class Unauthenticated(Exception):
    """No caller. `why` is for logs and metrics only: outside there is one answer, 401, for all of them."""

    def __init__(self, why: Why, key: str | None = None) -> None:
        super().__init__(f"no caller: {why}")
        self.why: Why = why
        self.key = key
        """The key's id, where it is known."""


async def authenticate(keys: Keys, authorization: str | None, on_behalf_of: str | None, now: datetime) -> Caller:
    """The caller behind `Authorization` and `On-Behalf-Of`. Raises Unauthenticated.

    Rejected `delegation-not-allowed` (a 403) when the key may not act for others, `invalid-person` for no name.
    """
    if not authorization:
        raise Unauthenticated("missing")
    scheme, _, secret = authorization.partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not looks_like_one(secret):
        raise Unauthenticated("malformed")
    known = await keys.find(digest_of(secret))
    if known is None:
        raise Unauthenticated("unknown")
    if known.revoked:
        raise Unauthenticated("revoked", str(known.key))
    if known.expires_at is not None and known.expires_at <= now:
        raise Unauthenticated("expired", str(known.key))
    caller = Caller(known.subject, known.key, known.subject, known.roles)
    return caller if on_behalf_of is None else _acting_for(caller, on_behalf_of, delegate=known.delegate)


def _acting_for(caller: Caller, on_behalf_of: str, *, delegate: bool) -> Caller:
    if not delegate:
        raise Rejected(
            "delegation-not-allowed",
            "This key may not act for others: leave On-Behalf-Of out, or use a key with delegate.",
            kind="forbidden",
        )
    person = on_behalf_of.strip()
    if not person or len(person) > MAX_PERSON or not person.isprintable():
        raise Rejected(
            "invalid-person", f"On-Behalf-Of names a person in 1 to {MAX_PERSON} printable characters.", kind="invalid"
        )
    return replace(caller, subject=person)
