"""Sets of line numbers as sorted, disjoint ranges."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from domain.usage_offer.events import LineRange

Ranges = tuple[LineRange, ...]


def normal(ranges: Iterable[LineRange]) -> Ranges:
    """Sorted, with touching and overlapping ranges joined."""
    joined: list[LineRange] = []
    for r in sorted(ranges, key=lambda x: (x.first, x.last)):
        if joined and r.first <= joined[-1].last + 1:
            joined[-1] = LineRange(first=joined[-1].first, last=max(joined[-1].last, r.last))
        else:
            joined.append(r)
    return tuple(joined)


def overlap(left: Iterable[LineRange], right: Iterable[LineRange]) -> LineRange | None:
    """The first numbers that both have, None when they have none in common."""
    a, b = normal(left), normal(right)
    i = j = 0
    while i < len(a) and j < len(b):
        first, last = max(a[i].first, b[j].first), min(a[i].last, b[j].last)
        if first <= last:
            return LineRange(first=first, last=last)
        if a[i].last < b[j].last:
            i += 1
        else:
            j += 1
    return None


def minus(left: Iterable[LineRange], right: Iterable[LineRange]) -> Ranges:
    """What is in `left` and not in `right`; in one pass over both."""
    out: list[LineRange] = []
    holes, at = normal(right), 0
    for r in normal(left):
        first = r.first
        while at < len(holes) and holes[at].last < first:
            at += 1
        hole = at
        while hole < len(holes) and holes[hole].first <= r.last:
            if holes[hole].first > first:
                out.append(LineRange(first=first, last=holes[hole].first - 1))
            first = holes[hole].last + 1
            hole += 1
        if first <= r.last:
            out.append(LineRange(first=first, last=r.last))
        at = max(at, hole - 1)  # the last one may reach into what comes next
    return tuple(out)


def both(left: Iterable[LineRange], right: Iterable[LineRange]) -> Ranges:
    """What is in `left` and in `right`."""
    return minus(left, minus(left, right))


def covers(outer: Iterable[LineRange], inner: Iterable[LineRange]) -> bool:
    """Whether every number of `inner` is in `outer`."""
    return not minus(inner, outer)


def of_numbers(numbers: Iterable[int]) -> Ranges:
    """The ranges of single line numbers."""
    return normal(LineRange(first=n, last=n) for n in numbers)


def among(numbers: Sequence[int], ranges: Iterable[LineRange]) -> list[int]:
    """Those of the sorted numbers that the ranges cover."""
    found: list[int] = []
    for r in normal(ranges):
        found += numbers[bisect_left(numbers, r.first) : bisect_right(numbers, r.last)]
    return found


def of_chosen(numbers: Sequence[int], chosen: Iterable[int]) -> Ranges:
    """The fewest ranges that cover the chosen ones of the sorted numbers, and no other of them.

    Lines of other customers may lie between: a range speaks of the numbers of one offer only.
    """
    joined: list[list[int]] = []
    at = -1
    for number in sorted(chosen):
        index = bisect_left(numbers, number, at + 1)  # in what is left: one batch of many costs what it is long
        if index == len(numbers) or numbers[index] != number:
            raise KeyError(number)
        if joined and index == at + 1:
            joined[-1][1] = number
        else:
            joined.append([number, number])
        at = index
    return tuple(LineRange(first=first, last=last) for first, last in joined)
