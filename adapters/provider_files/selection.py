"""Which lines of a file count: the split, what the mapping skips, and the file's role. What is left out is counted."""

from collections import Counter
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from adapters.provider_files.batch import Batch
from adapters.provider_files.cells import Arrow
from adapters.provider_files.line_class import Classes
from adapters.provider_files.mapping import Condition, FormatMapping
from commands.ports.provider_files import Role


class Selection:
    """Leaves lines out and remembers how many, by reason: split, skip, role, detail."""

    def __init__(self, mapping: FormatMapping, role: Role) -> None:
        self._skip = mapping.skip
        self._split = {one.by: one.value for one in mapping.split}
        self._role = role
        self.skipped: Counter[str] = Counter()

    def of_invoice(self, batch: Batch) -> Batch:
        """Only the lines that belong to the invoice."""
        for column, values in self._split.items():
            keep = pc.is_in(batch.column(column), value_set=pa.array(values, pa.string()))
            batch = self._kept(batch, keep, "split")
        for conditions in self._skip:
            batch = self._kept(batch, pc.invert(_all_hold(batch, conditions)), "skip")
        if self._role == "detail":
            self.skipped["detail"] += len(batch)
            return batch.filtered(pa.repeat(pa.scalar(False), len(batch)))
        return batch

    def of_role(self, batch: Batch, classes: Classes) -> tuple[Batch, Classes]:
        """Only the lines of the file's role."""
        if self._role == "all":
            return batch, classes
        wanted = [one.kind == self._role for one in classes.classes]
        if all(wanted):
            return batch, classes
        if classes.which is None:
            keep = pa.repeat(pa.scalar(False), len(batch))
            return self._kept(batch, keep, "role"), classes
        keep = pa.array(wanted, pa.bool_()).take(classes.which)
        return self._kept(batch, keep, "role"), Classes(classes.classes, classes.which.filter(keep))

    def _kept(self, batch: Batch, keep: Arrow, reason: str) -> Batch:
        left_out = len(batch) - keep.true_count
        if not left_out:
            return batch
        self.skipped[reason] += left_out
        return batch.filtered(keep)


def _all_hold(batch: Batch, conditions: Mapping[str, Condition]) -> Arrow:
    mask: Arrow = pa.repeat(pa.scalar(True), len(batch))
    for column, condition in conditions.items():
        cells = batch.column(column)
        if condition == "empty":
            holds = pc.is_null(cells)
        elif condition == "present":
            holds = pc.is_valid(cells)
        else:
            holds = pc.is_in(cells, value_set=pa.array(condition, pa.string()))
        mask = pc.and_(mask, holds)
    return mask
