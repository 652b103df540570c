"""CSV as batches of text columns.

Columns that have been empty so far are not converted again: that they are still empty follows from counting bytes.
The bytes of a block without quotes are those of its cells, its delimiters and its newlines; if the converted cells
account for all of them, the others hold nothing. (Most of the columns of a wide standard are empty in most files.)
"""

import csv
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.csv as pa_csv

from adapters.provider_files.batch import Batch
from adapters.provider_files.block_census import accounts_for, has_controls
from adapters.provider_files.cells import Arrow, counting
from adapters.provider_files.decompress import refuse_other_encodings
from adapters.provider_files.mapping import FileShape
from adapters.provider_files.plan import Plan
from adapters.provider_files.row_blocks import BOM, open_quote, records_before, row_blocks
from commands.ports.provider_files import FileRejected, Limits

_NULLS = ["", "NULL"]


class CsvSource:
    """One CSV: its header, then its rows."""

    def __init__(self, blocks: Iterator[bytes], path: str, shape: FileShape, limits: Limits) -> None:
        self._path = path
        self._delimiter = shape.delimiter
        self._blocks = row_blocks(blocks, path, limits, shape.delimiter)
        self._rows = 0
        self._live: set[str] | None = None
        self._invalid: Arrow = None
        self.header, self._first = self._read_header(shape.skip_lines)

    @property
    def rows(self) -> int:
        """Rows seen so far."""
        return self._rows

    def batches(self, plan: Plan) -> Iterator[Batch]:
        """The rows. FileRejected names the line that is cut off, too long, or not UTF-8."""
        current, following = self._first, next(self._blocks, None)
        while current or following is not None:
            if current:
                self._check_text(current)
                if following is None:
                    self._check_end(current)
                batch = self._batch(current, plan, last=following is None)
                if batch is not None:
                    yield batch
            current = following or b""
            following = next(self._blocks, None) if following is not None else None

    def _read_header(self, skip_lines: int) -> tuple[list[str], bytes]:
        block = next(self._blocks, b"")
        refuse_other_encodings(block, self._path)
        block = block.removeprefix(BOM)
        for _ in range(skip_lines):
            block = block.partition(b"\n")[2]
        if not block.strip():
            raise FileRejected("file-empty", f"{self._path} is empty: fetch or export it again.", file=self._path)
        end = 0

        def lines() -> Iterator[str]:
            nonlocal end
            for line in block.splitlines(keepends=True):
                end += len(line)
                yield self._decoded(line)

        try:
            header = next((record for record in csv.reader(lines(), delimiter=self._delimiter) if record), [])
        except csv.Error as error:
            raise FileRejected(
                "file-broken", f"{self._path} has a header that can't be read ({error}).", file=self._path
            ) from error
        return header, block[end:]

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise FileRejected(
                "encoding", f"{self._path} is not UTF-8 (in its header): save it as UTF-8.", file=self._path
            ) from error

    def _check_text(self, block: bytes) -> None:
        """UTF-8 and no NUL, checked on the whole block: it is the cheapest there."""
        if not block.isascii():
            try:
                block.decode("utf-8")
            except UnicodeDecodeError as error:
                line = self._line_at(block, error.start)
                shown = block[error.start : error.start + 1].hex()
                raise FileRejected(
                    "encoding",
                    f"{self._path}, line {line}: byte 0x{shown} is not UTF-8; save the file as UTF-8.",
                    file=self._path,
                    line=line,
                ) from error
        if b"\x00" in block:
            line = self._line_at(block, block.index(b"\x00"))
            raise FileRejected(
                "nul-character",
                f"{self._path}, line {line} holds a NUL character: the file is damaged or no text; export it again.",
                file=self._path,
                line=line,
            )

    def _line_at(self, block: bytes, offset: int) -> int:
        return self._rows + records_before(block, offset, self._delimiter) + 1

    def _check_end(self, block: bytes) -> None:
        complete = open_quote(block, self._delimiter)
        if complete is not None:
            line = self._rows + complete + 1
            raise FileRejected(
                "file-truncated",
                f"{self._path} ends inside a quoted cell that opens in line {line}: it is cut off; fetch it again.",
                file=self._path,
                line=line,
            )

    def _batch(self, block: bytes, plan: Plan, *, last: bool) -> Batch | None:
        table = None
        quotes = b'"' in block
        countable = not quotes and b"\r" not in block and b"NULL" not in block
        if self._live is not None and countable and len(self._live) < len(plan.converted):
            some = self._parse(block, plan, [name for name in plan.converted if name in self._live], last=last)
            table = some if accounts_for(some, block, len(plan.names)) else None
        if table is None:
            table = self._parse(block, plan, plan.converted, last=last)
        found = {
            name
            for name, column in zip(table.schema.names, table.columns, strict=True)
            if column.null_count < len(column)
        }
        self._live = found if self._live is None else self._live | found
        count = table.num_rows
        if not count:
            return None
        first = self._rows + 1
        self._rows += count
        return Batch(
            table=table,
            rows=counting(first, count),
            controls=has_controls(block, count),
            quotes=quotes,
        )

    def _parse(self, block: bytes, plan: Plan, columns: Sequence[str], *, last: bool) -> Arrow:
        self._invalid = None
        try:
            table = pa_csv.read_csv(
                pa.BufferReader(block),
                read_options=pa_csv.ReadOptions(column_names=plan.names, use_threads=False, block_size=len(block) + 1),
                parse_options=pa_csv.ParseOptions(delimiter=self._delimiter, invalid_row_handler=self._note_invalid),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(columns, pa.string()),
                    include_columns=columns,
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                    null_values=_NULLS,
                    check_utf8=False,
                ),
            )
        except pa.ArrowInvalid as error:
            if self._invalid is None:
                if b"Empty CSV" in str(error).encode():
                    return pa.RecordBatch.from_pydict({})
                raise FileRejected(
                    "file-broken",
                    f"{self._path} can't be read after line {self._rows}: {str(error)[:160]}.",
                    file=self._path,
                    line=self._rows + 1,
                ) from error
            raise self._row_fault(block, len(plan.names), last=last) from error
        batches = table.combine_chunks().to_batches()
        return batches[0] if batches else pa.RecordBatch.from_pydict({})

    def _note_invalid(self, row: Arrow) -> str:
        self._invalid = self._invalid or (row.number, row.actual_columns, row.text)
        return "error"

    def _row_fault(self, block: bytes, expected: int, *, last: bool) -> FileRejected:
        number, actual, text = self._invalid
        line = self._rows + number
        at_end = last and actual < expected and not block.endswith(b"\n") and block.endswith(text.encode()[-80:])
        why = (
            "the file ends in the middle of it; fetch it again"
            if at_end
            else "correct it (a delimiter inside a cell must be quoted)"
        )
        return FileRejected(
            "file-truncated" if at_end else "row-cells",
            f"{self._path}, line {line} has {actual} cells where the header has {expected} ({text[:80]!r}): {why}.",
            file=self._path,
            line=line,
        )
