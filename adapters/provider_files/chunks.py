"""From canonical rows to chunks of a fixed number of rows, whatever blocks they came in.

The same file gives the same chunks and digests, however it was cut while being read.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from adapters.line_outline import pack
from adapters.provider_files.canonical_rows import CanonicalRows
from adapters.provider_files.cells import Arrow, StringColumn
from adapters.provider_files.decimal_cells import exact_sum
from commands.ports.provider_files import Chunk, KindSums
from domain.money import EXACT


@dataclass(frozen=True, slots=True)
class _Piece:
    rows: CanonicalRows
    start: int
    count: int


class Chunker:
    """Collects canonical rows and gives a chunk whenever enough are there."""

    def __init__(self, rows_per_chunk: int, prefix: bytes) -> None:
        self._size = rows_per_chunk
        self._prefix = prefix
        self._pieces: list[_Piece] = []
        self._waiting = 0

    def add(self, rows: CanonicalRows) -> Iterator[Chunk]:
        """Take rows in and give the chunks that are now full."""
        start, count = 0, len(rows.text)
        while start < count:
            taken = min(count - start, self._size - self._waiting)
            self._pieces.append(_Piece(rows, start, taken))
            self._waiting += taken
            start += taken
            if self._waiting == self._size:
                yield self._take()

    def rest(self) -> Iterator[Chunk]:
        """Give what is left."""
        if self._waiting:
            yield self._take()

    def _take(self) -> Chunk:
        pieces, self._pieces, self._waiting = self._pieces, [], 0
        copy_csv = _bytes([(piece.rows.text, piece) for piece in pieces])
        count = sum(piece.count for piece in pieces)
        numbers = [pc.min_max(piece.rows.numbers.slice(piece.start, piece.count)).as_py() for piece in pieces]
        days = [pc.min_max(piece.rows.first_days.slice(piece.start, piece.count)).as_py() for piece in pieces]
        period: tuple[date, date] = (min(day["min"] for day in days), max(day["max"] for day in days))
        return Chunk(
            rows=count,
            first_line=min(number["min"] for number in numbers),
            last_line=max(number["max"] for number in numbers),
            copy_csv=self._prefixed(copy_csv, count, pieces) if self._prefix else copy_csv,
            digest=hashlib.sha256(copy_csv).hexdigest(),
            sums=_sums(pieces),
            currencies=frozenset(code for piece in pieces for code in _currencies(piece)),
            period=period,
            outline=_outline(pieces),
        )

    def _prefixed(self, copy_csv: bytes, count: int, pieces: list[_Piece]) -> bytes:
        if copy_csv.count(b"\n") == count:  # no cell holds a newline: by far the quickest way
            return self._prefix + copy_csv.replace(b"\n", b"\n" + self._prefix, count - 1)
        prefix = self._prefix.decode("utf-8")
        rows = [pc.binary_join_element_wise(prefix, p.rows.text.slice(p.start, p.count), "") for p in pieces]
        return _bytes([(column, _Piece(p.rows, 0, p.count)) for column, p in zip(rows, pieces, strict=True)])


def _outline(pieces: list[_Piece]) -> bytes:
    def column(name: str) -> Arrow:
        return pa.concat_arrays([getattr(piece.rows, name).slice(piece.start, piece.count) for piece in pieces])

    classes = pa.concat_arrays([_class_texts(piece) for piece in pieces])
    names = ("customers", "products", "first_days", "amount_text")
    return pack(column("numbers"), classes, *(column(name) for name in names))


def _class_texts(piece: _Piece) -> Arrow:
    classes = piece.rows.classes
    texts = pa.array([f"{one.kind},{one.charge}" for one in classes.classes], pa.string())
    if classes.which is None:
        return pa.repeat(texts[0], piece.count)
    return texts.take(classes.which.slice(piece.start, piece.count))


def _bytes(parts: list[tuple[StringColumn, _Piece]]) -> bytes:
    """Rows stand one after another in the column's own buffer: take that stretch as it is."""
    views = []
    for column, piece in parts:
        _, offsets, data = column.buffers()
        places = memoryview(offsets).cast("i")
        begin = column.offset + piece.start
        views.append(memoryview(data)[places[begin] : places[begin + piece.count]])
    return b"".join(views)


def _currencies(piece: _Piece) -> list[str]:
    currency = piece.rows.currency
    if isinstance(currency, str):
        return [currency]
    found: list[str] = pc.unique(currency.slice(piece.start, piece.count)).to_pylist()
    return found


def _sums(pieces: list[_Piece]) -> Mapping[str, KindSums]:
    totals: dict[str, KindSums] = {}
    for piece in pieces:
        amounts = piece.rows.amounts.slice(piece.start, piece.count)
        taxes = None if piece.rows.taxes is None else piece.rows.taxes.slice(piece.start, piece.count)
        classes = piece.rows.classes
        if classes.which is None:
            _add(totals, classes.classes[0].sums_under, amounts, taxes)
            continue
        which = classes.which.slice(piece.start, piece.count)
        for code, one in enumerate(classes.classes):
            mask = pc.equal(which, pa.scalar(code, pa.int8()))
            if mask.true_count:
                _add(totals, one.sums_under, amounts.filter(mask), None if taxes is None else taxes.filter(mask))
    return totals


def _add(totals: dict[str, KindSums], key: str, amounts: Arrow, taxes: Arrow) -> None:
    before = totals.get(key, KindSums())
    amount = exact_sum(amounts) or Decimal(0)
    tax = (exact_sum(taxes) if taxes is not None else None) or Decimal(0)
    totals[key] = KindSums(before.count + len(amounts), EXACT.add(before.amount, amount), EXACT.add(before.tax, tax))
