"""A gate between what a command has loaded and what it stores: a test says which of two commands is the quicker one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, Final

_WRITING: Final = frozenset({"append", "append_many", "move", "shift"})


class Gate:
    """Whoever stores something through it waits in front of it until it is opened. It stays open then."""

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self._open = asyncio.Event()

    def before(self, port: Any) -> Any:
        """The port, with this gate in front of all that stores something."""
        return _Gated(port, self)

    @property
    def reached(self) -> bool:
        """Whether anybody came to it."""
        return self._reached.is_set()

    def open(self) -> None:
        """Let go whoever waits."""
        self._open.set()

    async def passed(self) -> None:
        """Wait in front of it."""
        self._reached.set()
        await self._open.wait()

    async def held(self, task: "asyncio.Task[Any]") -> None:
        """Until the task stands in front of the gate, or is done without having come to it."""
        reached = asyncio.ensure_future(self._reached.wait())
        await asyncio.wait({reached, task}, return_when=asyncio.FIRST_COMPLETED)
        reached.cancel()


class _Gated:
    def __init__(self, port: Any, gate: Gate) -> None:
        self._port, self._gate = port, gate

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self._port, name)
        if name == "claim":
            return self._claiming(inner)
        return self._waiting(inner) if name in _WRITING else inner

    def _waiting(self, inner: Any) -> Any:
        async def call(*arguments: Any, **named: Any) -> Any:
            await self._gate.passed()
            return await inner(*arguments, **named)

        return call

    def _claiming(self, inner: Any) -> Any:
        """A claim that is a transaction: what became of it is stored at its end."""

        @asynccontextmanager
        async def claim(*arguments: Any) -> AsyncIterator[Any]:
            async with inner(*arguments) as claimed:
                yield claimed
                if claimed.offers:
                    await self._gate.passed()

        return claim


async def overtaken(gate: Gate, held: Awaitable[Any], first: Awaitable[Any]) -> tuple[Any, Any]:
    """Outcomes of the one that was held and of the one that began when it had loaded, and ended before it stored."""
    task = asyncio.ensure_future(held)
    await gate.held(task)
    try:
        outcome = await first
    finally:
        gate.open()
        late = await task
    return late, outcome
