"""Parquet as batches of text columns. Values are exact or refused: binary floating point is no way to keep money."""

import json
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from adapters.provider_files.batch import Batch
from adapters.provider_files.cells import Arrow, StringColumn, counting, nulls
from adapters.provider_files.plan import Plan
from commands.ports.provider_files import FileRejected, Limits

_ROWS = 16_384
_BUFFER = 1024 * 1024
_NUMERIC = ("quantity", "unit_price", "amount", "tax")


class ParquetSource:
    """One Parquet file: its column names, then its rows."""

    def __init__(self, stream: BinaryIO, path: str, limits: Limits) -> None:
        self._path = path
        self._rows = 0
        try:
            self._file = pq.ParquetFile(stream, buffer_size=_BUFFER, pre_buffer=False)
        except (pa.ArrowInvalid, OSError) as error:
            raise self._broken(error) from error
        meta = self._file.metadata
        size = sum(meta.row_group(group).total_byte_size for group in range(meta.num_row_groups))
        if size > limits.max_bytes:
            raise FileRejected(
                "file-too-large",
                f"{path} unpacks to {size:,} bytes, more than {limits.max_bytes:,}: split it into several files.",
                file=path,
            )
        self.header: list[str] = list(self._file.schema_arrow.names)

    @property
    def rows(self) -> int:
        """Rows seen so far."""
        return self._rows

    def batches(self, plan: Plan) -> Iterator[Batch]:
        """The rows. FileRejected `not-exact` for an amount stored as floating point, `file-broken` when damaged."""
        self._refuse_floats(plan)
        wanted = [self.header[index] for index, name in enumerate(plan.names) if name in plan.converted]
        names = [name for name in plan.names if name in plan.converted]
        try:
            for stored in self._file.iter_batches(batch_size=_ROWS, columns=wanted, use_threads=False):
                columns = [_as_text(stored.column(stored.schema.get_field_index(name))) for name in wanted]
                first = self._rows + 1
                self._rows += len(stored)
                yield Batch(
                    table=pa.RecordBatch.from_arrays(columns, names=names),
                    rows=counting(first, len(stored)),
                    controls=True,
                    quotes=True,
                )
        except (pa.ArrowInvalid, OSError) as error:
            raise self._broken(error) from error

    def _refuse_floats(self, plan: Plan) -> None:
        of = dict(zip(plan.names, self._file.schema_arrow.types, strict=True))
        for field in _NUMERIC:
            for name in plan.fields[field].columns if field in plan.fields else ():
                if pa.types.is_floating(of[name]):
                    raise FileRejected(
                        "not-exact",
                        f"{self._path}: the column {name} is stored as {of[name]}, which can't hold decimal amounts "
                        "exactly; export it as decimal, or as CSV.",
                        file=self._path,
                        column=name,
                    )

    def _broken(self, error: Exception) -> FileRejected:
        return FileRejected(
            "file-broken",
            f"{self._path} is a damaged Parquet file ({str(error)[:120]}): fetch it again.",
            file=self._path,
        )


def _as_text(column: Arrow) -> StringColumn:
    kind = column.type
    if pa.types.is_null(kind):
        return nulls(len(column))
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_nested(kind):
        texts = [None if value is None else _json(value) for value in column.to_pylist()]
        return pa.array(texts, pa.string())
    text = column.cast(pa.string())
    nothing = pc.is_in(text, value_set=pa.array(["", "NULL"], pa.string()))
    return pc.if_else(nothing, pa.scalar(None, pa.string()), text) if nothing.true_count else text


def _json(value: Arrow) -> str:
    if isinstance(value, list) and all(isinstance(item, tuple) and len(item) == 2 for item in value):  # noqa: PLR2004
        value = dict(value)  # a Parquet map arrives as a list of pairs
    return json.dumps(value, ensure_ascii=False, default=str)
