"""Watermarks that lie ahead are remembered until they are reached."""

from adapters.feed.pending_marks import MOST, PendingMarks


def test_nothing_is_reached_before_its_end():
    marks = PendingMarks()
    marks.add(10, 5)
    assert marks.reached(4) is None
    assert marks.reached(5) == (10, 5)


def test_a_steady_stream_in_which_the_latest_end_is_always_ahead_still_gets_on():
    marks = PendingMarks()
    seen = []
    for step in range(1, 50):
        marks.add(step * 10, step)
        seen.append(marks.reached(step - 1))
    assert seen[1:] == [(step * 10, step) for step in range(1, 49)]


def test_without_new_records_the_position_grows_at_the_same_end():
    marks = PendingMarks()
    marks.add(10, 5)
    marks.add(20, 5)
    assert marks.reached(5) == (20, 5)
    marks.add(30, 5)
    assert marks.reached(5) == (30, 5)


def test_what_was_reached_stays_so():
    marks = PendingMarks()
    marks.add(10, 5)
    assert marks.reached(5) == (10, 5)
    marks.add(20, 9)
    assert marks.reached(6) == (10, 5)


def test_far_behind_only_so_many_are_kept():
    marks = PendingMarks()
    for step in range(1, MOST * 3):
        marks.add(step, step)
    assert marks.reached(10**9) == (MOST, MOST)
    marks.add(MOST * 3, MOST * 3)
    assert marks.reached(10**9) == (MOST * 3, MOST * 3)
