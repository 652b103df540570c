"""Wait for something to become true: poll with a deadline, and say what was last seen when it does not."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
BOUND = 120.0
"""Seconds: what takes one here may take many times as long on a busy machine, and a bound costs nothing if all is well."""


def eventually(
    look: Callable[[], T],
    *,
    within: float = BOUND,
    every: float = 0.02,
    what: str = "",
    fatal: tuple[type[Exception], ...] | type[Exception] = (),
) -> T:
    """Call `look` until it returns something true, and return that. An exception or a false result means: not yet.

    Fails with `what` and the last result or exception after `within` seconds; an exception of `fatal` ends it at once.
    """
    deadline = time.monotonic() + within
    while True:
        try:
            seen: object = look()
        except fatal:
            raise
        except Exception as error:  # noqa: BLE001 - any trouble means not yet; the last one is reported
            seen = error
        else:
            if seen:
                return seen  # type: ignore[return-value]  # what `look` returned
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {what or look}; last: {seen!r}")
        time.sleep(every)


async def eventually_async(
    look: Callable[[], Awaitable[T]], *, within: float = BOUND, every: float = 0.02, what: str = ""
) -> T:
    """Do the same as `eventually` for a coroutine function."""
    deadline = time.monotonic() + within
    while True:
        try:
            seen: object = await look()
        except Exception as error:  # noqa: BLE001 - any trouble means not yet; the last one is reported
            seen = error
        else:
            if seen:
                return seen  # type: ignore[return-value]  # what `look` returned
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {what or look}; last: {seen!r}")
        await asyncio.sleep(every)
