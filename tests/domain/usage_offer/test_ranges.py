"""Ranges of line numbers agree with plain sets."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.usage_offer.events import LineRange
from domain.usage_offer.ranges import among, covers, minus, normal, of_chosen, of_numbers, overlap

ranges = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 12)).map(lambda t: LineRange(first=t[0], last=t[0] + t[1])), max_size=8
)


def numbers(several):
    return {n for r in several for n in range(r.first, r.last + 1)}


@given(ranges)
def test_normal_keeps_the_numbers_and_is_sorted_and_apart(several):
    result = normal(several)
    assert numbers(result) == numbers(several)
    assert all(a.last + 1 < b.first for a, b in pairwise(result))
    assert result == of_numbers(numbers(several))


@given(ranges, ranges)
def test_set_arithmetic(left, right):
    assert numbers(minus(left, right)) == numbers(left) - numbers(right)
    assert covers(left, right) == (numbers(right) <= numbers(left))
    both = overlap(left, right)
    if both is None:
        assert not numbers(left) & numbers(right)
    else:
        assert numbers([both]) <= numbers(left) & numbers(right)


@given(st.sets(st.integers(1, 60)), ranges)
def test_among_finds_the_numbers_that_the_ranges_cover(own, several):
    assert among(sorted(own), several) == sorted(own & numbers(several))


@given(st.sets(st.integers(1, 60)), st.sets(st.integers(1, 60)))
def test_chosen_numbers_come_back_from_their_ranges_and_no_other_of_the_offer_does(own, wanted):
    chosen = own & wanted
    found = of_chosen(sorted(own), chosen)
    assert among(sorted(own), found) == sorted(chosen)
    assert len(found) <= len(chosen)
