"""What the bytes of a block tell about its cells, at the price of counting."""

import pyarrow as pa
import pyarrow.compute as pc

from adapters.provider_files.cells import Arrow

_BYTE = pa.uint8()


def accounts_for(table: Arrow, block: bytes, columns: int) -> bool:
    """Whether the converted cells, delimiters and newlines are all the bytes of a block without quotes."""
    rows = table.num_rows
    if not rows:
        return False
    cells = sum(_length(column) for column in table.columns)
    newlines = rows - (not block.endswith(b"\n"))
    return bool(cells + rows * (columns - 1) + newlines == len(block))


def _length(column: Arrow) -> int:
    offsets = memoryview(column.buffers()[1]).cast("i")
    return int(offsets[column.offset + len(column)] - offsets[column.offset])


def has_controls(block: bytes, rows: int) -> bool:
    """Whether a cell may hold a control character: there are more of them than line ends."""
    octets = pa.Array.from_buffers(_BYTE, len(block), [None, pa.py_buffer(block)])
    controls = pc.less(octets, pa.scalar(32, _BYTE)).true_count
    ends = rows - (not block.endswith(b"\n"))
    if b"\r" in block:
        return bool(controls != 2 * ends or block.count(b"\r\n") != ends)
    return bool(controls != ends)
