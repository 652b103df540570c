"""The last day of each line's charge period: as written, the day before an exclusive end, else the first day."""

import pyarrow as pa
import pyarrow.compute as pc

from adapters.provider_files.cells import CellFault, StringColumn, first_row
from adapters.provider_files.date_cells import DateCells, DateReader


def last_days(dates: DateReader, first: DateCells, end: StringColumn, *, exclusive: bool) -> DateCells:
    """Last days of lines that begin on `first`; where `end` is null, that day. CellFault `period-reversed`."""
    if end.null_count == len(end):
        return DateCells(first.text, first.values, None)
    if end.null_count:
        last = _spread(dates.last_days(end.drop_null(), exclusive=exclusive), end, first)
    else:
        last = dates.last_days(end, exclusive=exclusive)
    return _not_before(first, last, end, exclusive=exclusive)


def _spread(some: DateCells, cells: StringColumn, otherwise: DateCells) -> DateCells:
    """Dates of the cells that have one, the line's first day elsewhere."""
    there = pc.is_valid(cells)
    timed = None
    if some.timed is not None:
        timed = pc.replace_with_mask(pa.repeat(pa.scalar(False), len(cells)), there, some.timed)
    return DateCells(
        pc.replace_with_mask(_column(otherwise), there, _column(some)),
        pc.replace_with_mask(otherwise.values, there, some.values),
        timed,
    )


def _not_before(first: DateCells, last: DateCells, cells: StringColumn, *, exclusive: bool) -> DateCells:
    """Refuse a period that ends before it begins; an empty exclusive one (start = end) is its one day."""
    early = pc.less(last.values, first.values)
    if first_row(early) is None:
        return last
    gap = pc.subtract(first.values.cast(pa.int32()), last.values.cast(pa.int32()))
    wrong = first_row(pc.greater(gap, pa.scalar(1 if exclusive else 0, pa.int32())))
    if wrong is not None:
        raise CellFault("period-reversed", wrong, cells[wrong].as_py() or "", "is before the start of the period")
    return DateCells(
        pc.if_else(early, _column(first), _column(last)), pc.if_else(early, first.values, last.values), last.timed
    )


def _column(dates: DateCells) -> StringColumn:
    if not isinstance(dates.text, str):
        return dates.text
    return pa.repeat(pa.scalar(dates.text, pa.string()), len(dates.values))
