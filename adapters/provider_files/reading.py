"""One pass over one file: source, selection, fields, checks, chunks, and at the end the report."""

from collections.abc import Iterator
from contextlib import closing
from typing import Protocol

import pyarrow as pa

from adapters.provider_files.arithmetic import Arithmetic
from adapters.provider_files.batch import Batch
from adapters.provider_files.canonical_rows import CanonicalRows, FieldFault, RowWriter
from adapters.provider_files.catalogue import detect
from adapters.provider_files.cells import CellFault
from adapters.provider_files.chunks import Chunker
from adapters.provider_files.csv_source import CsvSource
from adapters.provider_files.decompress import RawBytes, container_of, plain_blocks
from adapters.provider_files.identities import Identities
from adapters.provider_files.json_lines import JsonSource
from adapters.provider_files.line_class import Classes, Classifier
from adapters.provider_files.line_numbers import LineNumbers
from adapters.provider_files.mapping import FileShape, FormatMapping, Split
from adapters.provider_files.parquet_source import ParquetSource
from adapters.provider_files.plan import Plan, make_plan
from adapters.provider_files.selection import Selection
from commands.ports.provider_files import (
    Chunk,
    Expect,
    FileRejected,
    FileReport,
    Limits,
    OpenableFile,
    Role,
    SourceNames,
    UploadMedia,
)

_HEAD = 8


class TableSource(Protocol):
    """A header and batches of text columns."""

    header: list[str]

    @property
    def rows(self) -> int:
        """Rows seen so far."""

    def batches(self, plan: Plan) -> Iterator[Batch]:
        """The rows."""


class FileReading:
    """The reading of one file (see the port's `Reading`)."""

    def __init__(
        self,
        file: OpenableFile,
        *,
        mapping: FormatMapping | None,
        media: UploadMedia | None,
        role: Role,
        base: int,
        expect: Expect,
        limits: Limits,
        prefix: bytes,
    ) -> None:
        self._file = file
        self._mapping = mapping
        self._media = media
        self._role = role
        self._base = base
        self._expect = expect
        self._limits = limits
        self._prefix = prefix
        self._report: FileReport | None = None

    def report(self) -> FileReport:
        """What was seen; RuntimeError before the iteration has ended."""
        if self._report is None:
            raise RuntimeError("the file has not been read to its end")
        return self._report

    def __iter__(self) -> Iterator[Chunk]:
        """Read from the beginning."""
        with closing(RawBytes(self._file)) as raw:
            source = self._source(raw)
            mapping = self._mapping or detect(source.header)
            plan = make_plan(_with_split(mapping, self._expect), source.header, self._file.path, self._limits)
            selection = Selection(plan.mapping, self._role)
            arithmetic = Arithmetic(plan, self._limits.max_warnings)
            rows = 0
            for chunk in self._chunks(source, plan, selection, arithmetic):
                rows += chunk.rows
                yield chunk
            raw.drain()
            pa.default_memory_pool().release_unused()
            self._report = FileReport(
                path=self._file.path,
                format=mapping.name,
                sha256=raw.digest(),
                bytes=raw.size,
                rows=rows,
                skipped=dict(selection.skipped),
                warnings=tuple(arithmetic.warnings),
                warnings_total=arithmetic.total,
                names=SourceNames(mapping.customer_name, mapping.product_name),
            )

    def format(self) -> FormatMapping:
        """The mapping that the file is read with; only its header is looked at."""
        if self._mapping is not None:
            return self._mapping
        with closing(RawBytes(self._file)) as raw:
            return detect(self._source(raw).header)

    def _source(self, raw: RawBytes) -> TableSource:
        path, limits = self._file.path, self._limits
        head = raw.read(_HEAD)
        container = container_of(head)
        if container == "parquet":
            if self._media is not None or not raw.stream.seekable():
                raise FileRejected("compressed-upload", f"{path} is Parquet: upload CSV, JSON or NDJSON.", file=path)
            raw.drain()
            return ParquetSource(raw.stream, path, limits)
        blocks = plain_blocks(raw, head, container, path, limits)
        if self._media in {"json", "ndjson"}:
            return JsonSource(blocks, path, limits, one_a_line=self._media == "ndjson")
        return CsvSource(blocks, path, self._mapping.file if self._mapping else FileShape(), limits)

    def _chunks(self, source: TableSource, plan: Plan, selection: Selection, arithmetic: Arithmetic) -> Iterator[Chunk]:
        path = self._file.path
        identities = Identities(plan, path, self._expect.invoice_number)
        classifier = Classifier(plan.mapping)
        writer = RowWriter(plan, base=self._base, currency=self._expect.currency)
        numbers = LineNumbers(path) if "number" in plan.fields else None
        chunker = Chunker(self._limits.rows_per_chunk, self._prefix)
        for whole in source.batches(plan):
            batch = selection.of_invoice(whole)
            identities.see(batch)
            if not len(batch) or identities.mixed:  # once mixed, read on only to name all that is
                continue
            classes, rows, batch = self._rows(batch, classifier, selection, writer)
            if rows is None:
                continue
            if numbers is not None:
                numbers.see(rows.numbers)
            arithmetic.check(batch, rows, classes)
            yield from chunker.add(rows)
        identities.check()
        yield from chunker.rest()

    def _rows(
        self, batch: Batch, classifier: Classifier, selection: Selection, writer: RowWriter
    ) -> tuple[Classes, CanonicalRows | None, Batch]:
        try:
            classes = classifier.classify(batch)
        except CellFault as fault:
            raise self._rejected(batch, None, fault) from fault
        batch, classes = selection.of_role(batch, classes)
        if not len(batch):
            return classes, None, batch
        try:
            return classes, writer.write(batch, classes), batch
        except FieldFault as error:
            raise self._rejected(batch, error.column, error.fault) from error

    def _rejected(self, batch: Batch, column: str | None, fault: CellFault) -> FileRejected:
        line = batch.rows[fault.row].as_py()
        place = f"{self._file.path}, line {line}" + (f", column {column}" if column else "")
        value = f": {fault.text[:80]!r} " if fault.text else " "
        return FileRejected(
            fault.code,
            f"{place}{value}{fault.why}; correct the file or ask the provider for a new one.",
            file=self._file.path,
            line=line,
            column=column,
        )


def _with_split(mapping: FormatMapping, expect: Expect) -> FormatMapping:
    """The manifest's split goes before the mapping's own of the same column."""
    if not expect.split:
        return mapping
    own = tuple(split for split in mapping.split if split.by not in expect.split)
    given = tuple(Split(by=by, value=value) for by, value in expect.split.items())
    return mapping.model_copy(update={"split": own + given})
