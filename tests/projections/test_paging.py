import pytest

from domain.rejected import Rejected
from projections.paging import PageRequest, decode_cursor, encode_cursor


def test_a_cursor_comes_back_as_it_was():
    key = ("2026-02-28", "17", "ünïcode/?&")
    assert decode_cursor(encode_cursor(key), 3) == key
    assert "=" not in encode_cursor(key)


@pytest.mark.parametrize(
    "cursor", ["", "x", "!!!", "bnVsbA", encode_cursor(("a",)), encode_cursor(("a", "b", "c")), "ä"]
)
def test_a_foreign_cursor_is_refused(cursor):
    with pytest.raises(Rejected, match="invalid-cursor"):
        PageRequest(cursor=cursor).after(2)


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_pages_are_bounded(limit):
    with pytest.raises(Rejected, match="invalid-limit"):
        PageRequest(limit=limit)
