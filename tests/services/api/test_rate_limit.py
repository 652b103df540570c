import pytest

from services.api.problems import Problem
from services.api.rate_limit import RateLimit


class Watch:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_so_many_at_once_then_so_many_a_second_each_key_for_itself():
    watch = Watch()
    limit = RateLimit(3, watch)
    for _ in range(3):
        limit.take("a")
    with pytest.raises(Problem) as refused:
        limit.take("a")
    assert refused.value.status_code == 429
    assert refused.value.code == "too-many-commands"
    assert refused.value.headers == {"Retry-After": "1"}
    limit.take("b")
    watch.seconds = 0.4
    limit.take("a")
    with pytest.raises(Problem):
        limit.take("a")


def test_zero_switches_it_off():
    limit = RateLimit(0, Watch())
    for _ in range(1000):
        limit.take("a")
