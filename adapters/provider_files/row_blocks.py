"""From plain bytes to blocks that end where a row ends.

A newline ends a row when the quotes before it pair up (RFC 4180): a quoted cell may hold newlines, and a quote inside
it is doubled. Counting quotes is several times cheaper than parsing twice, and where none is, nothing is counted.
Where quotes do not pair up (one inside an unquoted cell), the block is read cell by cell.
"""

import csv
from collections.abc import Iterator
from typing import NamedTuple

from commands.ports.provider_files import FileRejected, Limits

BOM = b"\xef\xbb\xbf"

_STEP_BACK = 256 * 1024  # a quoted cell with newlines that is longer than this is rarer than a stray quote


def row_blocks(blocks: Iterator[bytes], path: str, limits: Limits, delimiter: str = ",") -> Iterator[bytes]:
    """Give blocks of about `block_bytes` that hold whole rows; only the last may lack its newline.

    FileRejected `row-too-long` when no row ends for `max_row_bytes`.
    """
    carry = b""
    for data in _sized(blocks, limits.block_bytes):
        block = carry + data if carry else data
        cut = _last_row_end(block, delimiter)
        carry = block[cut:]
        if len(carry) > limits.max_row_bytes:
            raise FileRejected(
                "row-too-long",
                f"{path} has a row of more than {limits.max_row_bytes:,} bytes: a quote may have been left open, or "
                "the line ends are not the usual ones; correct the file.",
                file=path,
            )
        if cut:
            yield block[:cut] if carry else block
    if carry:
        yield carry


def _sized(blocks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Gather small blocks until they make a big one, so that the cost of a block is shared by many rows."""
    gathered: list[bytes] = []
    length = 0
    for block in blocks:
        gathered.append(block)
        length += len(block)
        if length >= size:
            yield gathered[0] if len(gathered) == 1 else b"".join(gathered)
            gathered, length = [], 0
    if length:
        yield b"".join(gathered)


def _last_row_end(block: bytes, delimiter: str) -> int:
    """Index just behind the last newline that ends a row; 0 if there is none."""
    end = last = block.rfind(b"\n") + 1
    if not end or b'"' not in block:
        return end
    odd = block.count(b'"', 0, end) & 1
    while odd and end and last - end < _STEP_BACK:
        before = block.rfind(b"\n", 0, end - 1) + 1
        odd ^= block.count(b'"', before, end) & 1
        end = before
    return _lexed(block, delimiter).end if odd else end


class _Lexed(NamedTuple):
    complete: int
    end: int
    open: bool


def _lexed(block: bytes, delimiter: str) -> _Lexed:
    """Read cell by cell: how many records are complete, where the last full row ends, whether a cell stays open."""
    seen = complete = end = 0
    exhausted = False

    def lines() -> Iterator[str]:
        nonlocal seen, exhausted
        for line in block.splitlines(keepends=True):
            seen += len(line)
            yield line.decode("latin-1")
        exhausted = True

    try:
        for record in csv.reader(lines(), delimiter=delimiter):
            if exhausted:  # the reader gives up an open cell only when nothing follows
                return _Lexed(complete, end, open=True)
            complete += bool(record)
            if block[seen - 1 : seen] in b"\r\n":
                end = seen
    except csv.Error:  # a cell beyond the csv module's own limit: it was opened and never closed
        return _Lexed(complete, end, open=True)
    return _Lexed(complete, end, open=False)


def open_quote(block: bytes, delimiter: str) -> int | None:
    """For a file's last block: how many records are complete before a cell that never closes; None if all close."""
    if block.count(b'"') % 2 == 0:
        return None
    lexed = _lexed(block, delimiter)
    return lexed.complete if lexed.open else None


def records_before(block: bytes, offset: int, delimiter: str) -> int:
    """How many records are complete before a byte of the block: for messages, not for speed."""
    return _lexed(block[:offset], delimiter).complete - (block[offset - 1 : offset] not in (b"", b"\n"))
