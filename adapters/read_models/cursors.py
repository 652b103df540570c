"""Cursors of lists that go by end of period, then by creation."""

from datetime import date
from typing import Any, Protocol

from domain.rejected import Rejected
from projections.paging import Cursor, PageRequest


class _Dated(Protocol):
    @property
    def period_to(self) -> date: ...
    @property
    def created_position(self) -> int: ...


def period_cursor(row: _Dated) -> Cursor:
    """The cursor after a row."""
    return (row.period_to.isoformat(), str(row.created_position))


def by_period(page: PageRequest) -> dict[str, Any]:
    """The values `after_period` and `after_position` of a page; Rejected for a foreign cursor."""
    cursor = page.after(2)
    if cursor is None:
        return {"after_period": None, "after_position": None}
    return {"after_period": checked(date.fromisoformat, cursor[0]), "after_position": checked(int, cursor[1])}


def checked(read: Any, text: str) -> Any:  # noqa: ANN401 -- what `read` gives
    """A part of a cursor, read; Rejected `invalid-cursor` when it can't be."""
    try:
        return read(text)
    except ValueError as error:
        raise Rejected(
            "invalid-cursor", "The cursor is none of this list's: leave it out to start from the top.", kind="invalid"
        ) from error
