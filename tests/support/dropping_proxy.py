"""A TCP proxy that loses answers: the server does what it was asked, and the client never hears of it."""

import asyncio
from typing import Self
from urllib.parse import urlsplit, urlunsplit


class DroppingProxy:
    """In front of the PostgreSQL of `url` (TCP). After `drop_after(marker)`, the first request that contains the bytes
    is forwarded, its answer is awaited and thrown away, and the connection is cut. `dropped` counts these.
    """

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._marker: bytes | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.dropped = 0

    @property
    def url(self) -> str:
        """Where clients go."""
        port = self._server.sockets[0].getsockname()[1]
        user = self._target.netloc.rpartition("@")[0]
        return urlunsplit(self._target._replace(netloc=f"{user}@127.0.0.1:{port}"))

    def drop_after(self, marker: bytes) -> None:
        """Lose the answer to the next request with these bytes in it."""
        self._marker = marker

    def refuse(self) -> None:
        """Take no more connections."""
        self._server.close()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            self._tasks.add(task)
        server, to_server = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._writers |= {to_client, to_server}
        lose = asyncio.Event()

        async def requests() -> None:
            while data := await client.read(1 << 20):
                if self._marker is not None and self._marker in data:
                    self._marker = None
                    lose.set()
                to_server.write(data)
                await to_server.drain()

        async def answers() -> None:
            while data := await server.read(1 << 20):
                if lose.is_set():
                    self.dropped += 1
                    return
                to_client.write(data)
                await to_client.drain()

        tasks = [asyncio.create_task(requests()), asyncio.create_task(answers())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            to_client.close()
            to_server.close()
