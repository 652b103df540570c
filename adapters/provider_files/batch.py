"""One stretch of a file as columns of text, before it means anything."""

from dataclasses import dataclass

import pyarrow.compute as pc

from adapters.provider_files.cells import Arrow, StringColumn, nulls
from adapters.provider_files.mapping import FieldName
from adapters.provider_files.plan import Plan


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as a RecordBatch of strings, nulls where a cell is empty or the word NULL.

    `rows` numbers each of them (int64, by data row in the file, from 1). `controls`: some cell may hold a control
    character; `quotes`: some cell may hold a quote. `ready` is JSON text that is the attributes as it stands.
    """

    table: Arrow
    rows: Arrow
    controls: bool
    quotes: bool
    ready: StringColumn | None = None

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def column(self, name: str) -> StringColumn:
        """A column by name; nulls if the file or this stretch has none."""
        index = self.table.schema.get_field_index(name)
        return self.table.column(index) if index >= 0 else nulls(len(self))

    def field(self, plan: Plan, field: FieldName) -> StringColumn:
        """A field's cells: the first alternative that is there, or the parts joined."""
        found = plan.fields.get(field)
        if found is None:
            return nulls(len(self))
        columns = [self.column(name) for name in found.columns]
        if found.separator is not None:
            whole = columns[0]
            for column in columns[1:]:
                both = pc.binary_join_element_wise(whole, column, found.separator)
                whole = pc.coalesce(both, whole, column) if both.null_count else both
            return whole
        first = columns[0]
        return pc.coalesce(*columns) if first.null_count and len(columns) > 1 else first

    def filtered(self, keep: Arrow) -> "Batch":
        """Only the rows where `keep` is true."""
        return Batch(
            table=self.table.filter(keep),
            rows=self.rows.filter(keep),
            controls=self.controls,
            quotes=self.quotes,
            ready=None if self.ready is None else self.ready.filter(keep),
        )
