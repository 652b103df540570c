"""Lines that stream in, each bounded, and lines that stream out meanwhile."""

from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from services.api.problems import Problem

LONGEST: Final = 64 * 1024


async def lines_of(blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines that are not blank, without their ends. Problem 413 for one that is longer than 64 KiB."""
    rest = b""
    async for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            if stripped := line.strip():
                yield stripped
        if len(rest) > LONGEST:
            raise Problem(413, "line-too-long", f"A line has at most {LONGEST:,} bytes.")
    if stripped := rest.strip():
        yield stripped


class NdjsonAnswer(StreamingResponse):
    """An answer that is written while the request's body is still read: nobody else may listen to the client."""

    media_type = "application/x-ndjson"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the base's signature
        """Write until the lines end, or the client is gone."""
        try:
            await self.stream_response(send)
        except (ClientDisconnect, OSError):
            return
