"""Given facts, when folded, then rows: for tests of read models without any database."""

from typing import Any

from adapters.projector.decoding import StoredDecoder
from projections.read_model import ReadModel
from tests.support.records import Happened

DECODER = StoredDecoder()


def rows(model: ReadModel, happened: Happened) -> dict[str, dict[str, Any]]:
    """All rows after what happened, by table and key."""
    tables: dict[str, dict[str, Any]] = {t.name: {} for t in model.tables}
    for record in happened.records:
        step = model.by_type.get(record.type)
        if step is None:
            continue
        fact = DECODER.document(record) if step.document else DECODER.fact(record, step.reads)
        table = tables[step.table]
        key = step.key(fact, record)
        table[key] = step.fold(table.get(key), fact, record)
    return tables


def only(model: ReadModel, happened: Happened, table: str | None = None) -> Any:
    """The one row of a table (of the first one, unless named)."""
    found = rows(model, happened)[table or model.tables[0].name]
    assert len(found) == 1
    return next(iter(found.values()))
