from datetime import date

import pytest

from domain.reference.bodies import Identifier
from domain.reference.identifiers import overlap, refuse_overlaps, with_identifier
from domain.rejected import Rejected


def ident(since=None, until=None, name="t-1", provider="ACME"):
    return Identifier(
        provider=provider,
        identifier=name,
        valid_from=since and date.fromisoformat(since),
        valid_to=until and date.fromisoformat(until),
    )


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (ident(), ident(), True),
        (ident(until="2026-02-01"), ident("2026-02-01"), False),
        (ident(until="2026-02-02"), ident("2026-02-01"), True),
        (ident("2026-01-01", "2026-03-01"), ident("2026-02-01", "2026-02-02"), True),
        (ident("2026-01-01", "2026-02-01"), ident("2026-03-01", "2026-04-01"), False),
    ],
)
def test_periods_overlap_when_they_share_a_day(one, other, together):
    assert overlap(one, other) is together
    assert overlap(other, one) is together


def test_the_same_name_twice_at_once_is_refused():
    with pytest.raises(Rejected, match="identifier-twice"):
        refuse_overlaps([ident(), ident("2026-01-01")])
    refuse_overlaps([ident(), ident(provider="OTHER"), ident(name="t-2")])


def test_an_identifier_is_gained_once_whatever_its_earlier_periods():
    assert with_identifier((), "ACME", "t-1") == (ident(),)
    assert with_identifier((ident(),), "ACME", "t-1") == (ident(),)
    other = ident(name="t-2")
    for earlier in (ident(until="2026-02-01"), ident("2026-02-01"), ident("2026-02-01", "2026-03-01")):
        assert with_identifier((earlier, other), "ACME", "t-1") == (other, ident())


FEBRUARY = (date(2026, 2, 1), date(2026, 3, 1))


@pytest.mark.parametrize(
    ("held", "gained"),
    [
        ([(None, date(2026, 3, 1))], [ident("2026-03-01")]),
        ([(date(2026, 3, 1), None)], [ident(until="2026-03-01")]),
        ([FEBRUARY], [ident(until="2026-02-01"), ident("2026-03-01")]),
        ([(date(2026, 2, 20), date(2026, 4, 1)), FEBRUARY], [ident(until="2026-02-01"), ident("2026-04-01")]),
        ([(date(2026, 2, 1), None), (None, date(2026, 2, 1))], []),
    ],
)
def test_it_is_gained_for_the_days_that_others_leave(held, gained):
    assert with_identifier((), "ACME", "t-1", held) == tuple(gained)
    assert with_identifier(gained, "ACME", "t-1", held) == tuple(gained)
