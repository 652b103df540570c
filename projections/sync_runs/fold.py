"""The read model `sync_runs`: one row a sync, with what it did."""

from datetime import date, datetime
from typing import Any, Final, NamedTuple

from domain.operations import events as o
from projections.ports.feed import FeedRecord
from projections.read_model import ReadModel, Table, step, stream_id


class SyncRunRow(NamedTuple):
    """One sync: of one provider by hand, or of all of a day. Counts are empty while it runs."""

    id: str
    day: date
    provider: str | None
    manual: bool
    invoice_number: str | None
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    imported: int | None
    failed: int | None
    changed: int | None
    unchanged: int | None
    results: tuple[dict[str, Any], ...]
    list_failures: tuple[dict[str, Any], ...]
    version: int
    position: int


RUNS: Final = Table("sync_runs", SyncRunRow)
Maybe = SyncRunRow | None


def started(row: Maybe, fact: o.ProviderSyncStarted, record: FeedRecord) -> SyncRunRow:
    """It began, or began again after its worker was lost."""
    return _run(row, fact, record)._replace(invoice_number=fact.invoice_number)


def list_failed(row: Maybe, fact: o.ProviderListFailed, record: FeedRecord) -> SyncRunRow:
    """A provider's list could not be fetched; the other providers go on."""
    row = _run(row, fact, record)
    failure = {"provider": fact.provider, "message": fact.message}
    return row._replace(list_failures=(*row.list_failures, failure))


def ended(row: Maybe, fact: o.ProviderSyncEnded, record: FeedRecord) -> SyncRunRow:
    """It ended, with a result for every invoice on which something happened."""
    return _run(row, fact, record)._replace(
        ended_at=record.occurred_at,
        imported=fact.imported,
        failed=fact.failed,
        changed=fact.changed,
        unchanged=fact.unchanged,
        results=tuple(r.model_dump(mode="json") for r in fact.results),
    )


def _run(row: Maybe, fact: o.SyncFact, record: FeedRecord) -> SyncRunRow:
    if row is not None:
        return row._replace(version=record.stream_version, position=record.position)
    return SyncRunRow(
        id=stream_id(fact, record),
        day=fact.day,
        provider=fact.provider,
        manual=fact.manual,
        invoice_number=None,
        started_by=record.actor,
        started_at=record.occurred_at,
        ended_at=None,
        imported=None,
        failed=None,
        changed=None,
        unchanged=None,
        results=(),
        list_failures=(),
        version=record.stream_version,
        position=record.position,
    )


SYNC_RUNS: Final = ReadModel(
    name="sync_runs",
    topics=frozenset({"operations"}),
    tables=(RUNS,),
    steps=(
        step(RUNS, o.ProviderSyncStarted, started),
        step(RUNS, o.ProviderListFailed, list_failed),
        step(RUNS, o.ProviderSyncEnded, ended),
    ),
)
