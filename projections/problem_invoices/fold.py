"""How a provider invoice becomes a problem, and how it is mended."""

from typing import Any, Final

from domain.provider_invoice import events as e
from projections.ports.feed import FeedRecord
from projections.problem_invoices.rows import PROBLEMS, ProblemRow
from projections.read_model import ReadModel, step, stream_id, there

Row = ProblemRow
Maybe = ProblemRow | None

STUCK_CODES = frozenset({"stuck", "worker-lost"})
"""Import failures that mean: nobody was working on it any more."""

NO_FIGURES: Final[dict[str, Any]] = {
    "missing": None,
    "difference": None,
    "can_be_overridden": False,
    "provider_total": None,
    "provider_revision": None,
}


def started(row: Maybe, fact: e.PopulationStarted, record: FeedRecord) -> Row:
    """A new attempt mends nothing yet: what failed stays a problem until the invoice is active or gone."""
    if row is None:
        return ProblemRow(
            id=stream_id(fact, record),
            provider=fact.provider,
            number=fact.invoice_number,
            source=fact.source,
            status_reason="populating",
            attempt=fact.attempt,
            kinds=(),
            messages=(),
            import_code=None,
            currency=fact.header.currency,
            total=fact.header.total,
            **NO_FIGURES,
            since=None,
            tries=0,
            failing_days=0,
            last_failed_on=None,
            last_event_at=record.occurred_at,
            created_position=record.position,
            version=record.stream_version,
            position=record.position,
        )
    return _changed(
        row,
        record,
        source=fact.source,
        status_reason="populating",
        attempt=fact.attempt,
        currency=fact.header.currency,
        total=fact.header.total,
    )


def progressed(row: Maybe, _fact: e.LinesPopulated | e.PartRemoved, record: FeedRecord) -> Row:
    """Something happened: it is not stuck."""
    return _changed(there(row, record), record)


def header_corrected(row: Maybe, fact: e.HeaderCorrected, record: FeedRecord) -> Row:
    """The figures are those of the header as it is now."""
    return _changed(there(row, record), record, currency=fact.header.currency, total=fact.header.total)


def references_unresolved(row: Maybe, fact: e.ReferencesUnresolved, record: FeedRecord) -> Row:
    """Somebody has to fill in codes."""
    return _failed(there(row, record), record, "unresolved_references", fact.message, missing=fact.missing)


def checksum_failed(row: Maybe, fact: e.ChecksumFailed, record: FeedRecord) -> Row:
    """Somebody has to override the difference or ask the provider."""
    return _failed(
        there(row, record),
        record,
        "checksum_failed",
        fact.message,
        difference=fact.difference,
        can_be_overridden=fact.can_be_overridden,
    )


def import_failed(row: Maybe, fact: e.ImportFailed, record: FeedRecord) -> Row:
    """Somebody has to look at the file, or start it again."""
    kind = "stuck" if fact.code in STUCK_CODES else "import_failed"
    return _failed(there(row, record), record, kind, fact.message, import_code=fact.code)


def retried(row: Maybe, fact: e.ImportRetried, record: FeedRecord) -> Row:
    """Another try ended in error: it counts, and says what fails now."""
    row = there(row, record)
    return _changed(
        row,
        record,
        status_reason="error",
        kinds=tuple("stuck" if fact.code in STUCK_CODES and r == "import_failed" else r for r in fact.reasons),
        messages=fact.messages,
        import_code=fact.code,
        missing=fact.missing or None,
        difference=fact.difference,
        can_be_overridden=row.can_be_overridden and fact.difference is not None,
        since=row.since or record.occurred_at,
        tries=row.tries + 1,
        **_day(row, record),
    )


def activated(row: Maybe, _fact: e.Activated, record: FeedRecord) -> Row:
    """Mended."""
    return _mended(there(row, record), record, "active")


def change_reported(row: Maybe, fact: e.ChangeReported | e.ChangeReopened, record: FeedRecord) -> Row:
    """Somebody has to adjust, acknowledge, or sync anew."""
    row = there(row, record)
    return _changed(
        row,
        record,
        kinds=("provider_changed",),
        messages=(fact.message,),
        provider_total=fact.total,
        provider_revision=fact.revision,
        since=row.since or record.occurred_at,
        tries=row.tries + 1,
    )


def change_settled(row: Maybe, _fact: e.ChangeAcknowledged | e.ChangeWithdrawn | e.Adjusted, record: FeedRecord) -> Row:
    """Acknowledged, adjusted, or taken back by the provider."""
    return _mended(there(row, record), record, "active")


def deactivated(row: Maybe, _fact: e.Deactivated, record: FeedRecord) -> Row:
    """Taken out to be synced again."""
    return _mended(there(row, record), record, "deactivated")


def deleted(row: Maybe, _fact: e.Deleted, record: FeedRecord) -> Row:
    """Gone."""
    return _mended(there(row, record), record, None)


PROBLEM_INVOICES: Final = ReadModel(
    name="problem_invoices",
    topics=frozenset({"provider-invoice"}),
    tables=(PROBLEMS,),
    steps=(
        step(PROBLEMS, e.PopulationStarted, started),
        step(PROBLEMS, e.LinesPopulated, progressed, reads=()),
        step(PROBLEMS, e.PartRemoved, progressed),
        step(PROBLEMS, e.HeaderCorrected, header_corrected),
        step(PROBLEMS, e.ReferencesUnresolved, references_unresolved),
        step(PROBLEMS, e.ChecksumFailed, checksum_failed),
        step(PROBLEMS, e.ImportFailed, import_failed),
        step(PROBLEMS, e.ImportRetried, retried),
        step(PROBLEMS, e.Activated, activated),
        step(PROBLEMS, e.ChangeReported, change_reported),
        step(PROBLEMS, e.ChangeReopened, change_reported),
        step(PROBLEMS, e.ChangeAcknowledged, change_settled),
        step(PROBLEMS, e.ChangeWithdrawn, change_settled),
        step(PROBLEMS, e.Adjusted, change_settled),
        step(PROBLEMS, e.Deactivated, deactivated),
        step(PROBLEMS, e.Deleted, deleted),
    ),
)


def _changed(row: Row, record: FeedRecord, **fields: Any) -> Row:  # noqa: ANN401 -- columns of many types
    return row._replace(
        last_event_at=record.occurred_at, version=record.stream_version, position=record.position, **fields
    )


def _day(row: Row, record: FeedRecord) -> dict[str, Any]:
    """Business dates of one invoice do not go back, so a new one is one more."""
    again = row.last_failed_on == record.business_date
    return {"failing_days": row.failing_days + (not again), "last_failed_on": record.business_date}


def _failed(row: Row, record: FeedRecord, kind: str, message: str, **fields: Any) -> Row:  # noqa: ANN401 -- columns of many types
    """The first failure of an attempt replaces what was there; the other check of the same try joins it."""
    if row.status_reason == "error":
        return _changed(row, record, kinds=(*row.kinds, kind), messages=(*row.messages, message), **fields)
    return _changed(
        row,
        record,
        status_reason="error",
        kinds=(kind,),
        messages=(message,),
        since=row.since or record.occurred_at,
        tries=row.tries + 1,
        **_day(row, record),
        **{"import_code": None, **NO_FIGURES, **fields},
    )


def _mended(row: Row, record: FeedRecord, status_reason: str | None) -> Row:
    return _changed(
        row,
        record,
        status_reason=status_reason,
        kinds=(),
        messages=(),
        import_code=None,
        **NO_FIGURES,
        since=None,
        tries=0,
        failing_days=0,
        last_failed_on=None,
    )
