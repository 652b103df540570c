"""Outlines: what the references check and the offers need of a chunk's lines, small enough to read for every check.

An outline is an Arrow IPC stream of one batch, compressed: number, class (`kind,charge`), customer and product as the
line names them ('' for none), day (`charge_from`) and amount (canonical text), a row a line. It is made from the chunk
while that is in memory, or from the stored lines; it says nothing that they do not say, and can be made anew.
"""

from typing import Final

import pyarrow as pa

from adapters.provider_files.cells import Arrow

_CODED: Final = pa.dictionary(pa.int32(), pa.string())
SCHEMA: Final = pa.schema(
    [
        ("number", pa.int32()),
        ("class", _CODED),
        ("customer", _CODED),
        ("product", _CODED),
        ("day", pa.int32()),
        ("amount", pa.string()),
    ]
)
_PACKED = pa.ipc.IpcWriteOptions(compression="zstd")


def pack(numbers: Arrow, classes: Arrow, customers: Arrow, products: Arrow, days: Arrow, amounts: Arrow) -> bytes:
    """Columns of a chunk as its outline: whole numbers, texts (null is ''), dates, canonical texts."""
    columns = [
        numbers.cast(pa.int32()),
        *(_coded(column) for column in (classes, customers, products)),
        days.cast(pa.int32()),
        amounts,
    ]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA, options=_PACKED) as writer:
        writer.write_batch(pa.record_batch(columns, schema=SCHEMA))
    return bytes(sink.getvalue().to_pybytes())


def unpack(outline: bytes) -> Arrow:
    """The batch of an outline."""
    with pa.ipc.open_stream(outline) as reader:
        return reader.read_next_batch()


def _coded(column: Arrow) -> Arrow:
    return (column.fill_null("") if column.null_count else column).dictionary_encode()
