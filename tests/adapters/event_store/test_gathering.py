from adapters.event_store.append_call import MAX_GROUP
from adapters.event_store.gathering import LOOK_EVERY, Pace


class Loop:
    """A thread whose time passes as it is told."""

    def __init__(self) -> None:
        self.now = self.computed = 0.0
        self.pace = Pace(lambda: self.now, lambda: self.computed)

    def passes(self, share: float) -> None:
        self.now += 2 * LOOK_EVERY
        self.computed += 2 * LOOK_EVERY * share


def test_all_go_together_while_the_database_is_waited_for() -> None:
    loop = Loop()
    loop.pace.goes(16)
    loop.passes(0.3)
    loop.pace.goes(16)
    assert loop.pace.size(16) == MAX_GROUP


def test_half_of_the_crowd_goes_while_the_thread_is_waited_for() -> None:
    loop = Loop()
    loop.passes(0.9)
    loop.pace.goes(16)
    assert loop.pace.size(16) == 16
    loop.pace.goes(8)
    assert loop.pace.size(8) == 8, "the other half of sixteen"
    loop.pace.goes(8)
    assert loop.pace.size(2) == 5, "six fewer have come back"
    loop.pace.goes(0)
    assert loop.pace.size(1) == 1
    assert loop.pace.size(10_000) == MAX_GROUP


def test_the_share_is_looked_at_again() -> None:
    loop = Loop()
    loop.passes(0.9)
    loop.pace.goes(4)
    loop.passes(0.1)
    loop.pace.goes(4)
    assert loop.pace.size(4) == MAX_GROUP
