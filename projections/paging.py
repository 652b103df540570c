"""Pages of a list: keyset cursors that stay put while rows are added, and the limits of a page."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from domain.rejected import Rejected

T = TypeVar("T")

DEFAULT_LIMIT = 25
MAX_LIMIT = 200

Cursor = tuple[str, ...]
"""The sort key of a page's last row, as text: the next page begins strictly after it."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows of a list. `next_cursor` None: that was the last page. `total` None: it was not asked for."""

    items: Sequence[T]
    next_cursor: str | None
    total: int | None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is wanted: `limit` rows after `cursor`, with an exact count or without."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None
    count: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MAX_LIMIT:
            raise Rejected("invalid-limit", f"limit must lie between 1 and {MAX_LIMIT}.", kind="invalid")

    def after(self, parts: int) -> Cursor | None:
        """The decoded cursor, which must have this many parts; None: from the start."""
        return None if self.cursor is None else decode_cursor(self.cursor, parts)


def encode_cursor(key: Cursor) -> str:
    """An opaque, URL-safe text."""
    return base64.urlsafe_b64encode(json.dumps(key, ensure_ascii=False).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, parts: int) -> Cursor:
    """What `encode_cursor` made of so many parts; Rejected `invalid-cursor` for anything else."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = json.loads(raw)
    except (ValueError, RecursionError, binascii.Error) as error:
        raise _invalid() from error
    if not isinstance(key, list) or len(key) != parts or not all(_is_text(k) for k in key):
        raise _invalid()
    return tuple(key)


def _is_text(value: object) -> bool:
    """Whether PostgreSQL can hold it as text: no zero character, no half of a surrogate pair."""
    return isinstance(value, str) and "\x00" not in value and not any("\ud800" <= c <= "\udfff" for c in value)


def _invalid() -> Rejected:
    return Rejected(
        "invalid-cursor", "The cursor is none of this list's: leave it out to start from the top.", kind="invalid"
    )
