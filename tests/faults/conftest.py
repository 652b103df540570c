"""Clients of the fault tests."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing

import pytest

from tests.faults.steady_client import SteadyHttp

Steady = Callable[[Sequence[str], str], SteadyHttp]


@pytest.fixture
def steady() -> Iterator[Steady]:
    """Makes clients of addresses with a key. They are closed also when the test fails: an open one would be left to the
    garbage collector, which comes to it in the middle of some later test and fails that one.
    """
    with ExitStack() as stack:
        yield lambda addresses, key: stack.enter_context(closing(SteadyHttp(addresses, key)))
