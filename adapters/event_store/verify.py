"""Recomputes the record: every hash, every chain, the log of appends. Finds what was changed, removed or moved.

The record is read twice in one snapshot, a batch at a time: in order of position against the log of appends, then in
order of streams for the links of the chains. Nothing is kept in memory but the last row. What this proves, and what
nobody can prove from the inside, is said in docs/events.md, "Hash chain".
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from psycopg import Connection

from adapters.event_store.chain import GENESIS, event_id, header, link
from adapters.event_store.rows import StoredRow, stored_row
from adapters.event_store.verify_log import Finding, LogCheck
from adapters.sql_files import load_sql

_SQL = {name: text.encode() for name, text in load_sql("adapters.event_store").items()}
_BATCH: Final = 2_000
MAX_FINDINGS: Final = 1_000


@dataclass(slots=True)
class Verification:
    """How far the check has come, and in the end its result. The first MAX_FINDINGS findings are kept.

    `total` counts what is to be read (each event twice), `done` what was, for a progress bar. `anchor` is a digest
    over all hashes up to `position`: noted outside, it proves later that nothing before was changed.
    """

    events: int = 0
    streams: int = 0
    position: int = 0
    anchor: str = ""
    done: int = 0
    total: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Nothing was found."""
        return not self.findings


def verify(url: str, *, noted: tuple[int, str] | None = None) -> Iterator[Verification]:
    """Check everything stored up to now; yields the same object after every batch, the last time with the result.

    `noted` is (position, anchor) of an earlier result: the anchor at that position must still be the same.
    """
    with psycopg.connect(url, application_name="ledgerline verify") as connection:
        # One snapshot: what is appended meanwhile is the next check's.
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        result = Verification()
        log = LogCheck(_rows(connection, "append_log"), lambda finding: _keep(result, finding), noted)
        row = connection.execute(_SQL["count_events"]).fetchone()
        result.total = 2 * row[0] if row else 0
        yield from _content(connection, result, log)
        yield from _links(connection, result)
        result.position, result.anchor = log.position, log.anchor.hex()
        yield result


def check(url: str, *, noted: tuple[int, str] | None = None) -> Verification:
    """Verify to the end and return the result."""
    *_, result = verify(url, noted=noted)
    return result


def _keep(result: Verification, finding: Finding) -> None:
    if len(result.findings) < MAX_FINDINGS:
        result.findings.append(finding)


def _rows(connection: Connection[Any], name: str) -> Iterator[tuple[Any, ...]]:
    with connection.cursor(name, binary=True) as cursor:
        cursor.itersize = _BATCH
        cursor.execute(_SQL[name], {"upto": 2**62})
        yield from cursor


def _content(connection: Connection[Any], result: Verification, log: LogCheck) -> Iterator[Verification]:
    """In order of position: every event's own hash and place, and the log of appends."""
    for columns in _rows(connection, "all_events"):
        row = stored_row(columns)
        for what, detail in _faults(row):
            _keep(result, Finding(what, detail, row.position, row.subject, row.version))
        log.event(row)
        result.events += 1
        result.done += 1
        if result.events % _BATCH == 0:
            yield result
    log.end()
    yield result


def _faults(row: StoredRow) -> Iterator[tuple[str, str]]:
    if not row.commit_id <= row.position < row.commit_id + row.commit_size:
        yield "commit", f"the event lies outside its save ({row.commit_size} events from {row.commit_id})"
    if not row.hash:
        return  # null: stored through the library's recorder, which knows no envelope
    if row.event_id != event_id(row.subject, row.version, row.command_id):
        yield "event_id", "is not made of its stream, version and command"
    envelope = header(
        event=row.event_id,
        type_=row.type,
        schema_version=row.schema_version,
        subject=row.subject,
        version=row.version,
        occurred_at=row.occurred_at,
        business_date=row.business_date,
        zone=row.zone,
        actor=row.actor,
        agent=row.agent,
        command_id=row.command_id,
        correlation_id=row.correlation_id,
        causation_id=row.causation_id,
    )
    if link(row.previous_hash or b"", envelope, row.data) != row.hash:
        yield "hash", "content or envelope are not what was written"


def _links(connection: Connection[Any], result: Verification) -> Iterator[Verification]:
    """In order of streams: versions without gaps, each event on its predecessor's hash, positions growing."""
    subject, last_version, last_hash, last_position = "", 0, GENESIS, 0
    for stream, version, position, previous, digest in _rows(connection, "all_links"):
        if stream != subject:
            subject, last_version, last_hash, last_position = stream, 0, GENESIS, 0
            result.streams += 1
        if version != last_version + 1:
            detail = f"follows version {last_version}: events are missing or out of order"
            _keep(result, Finding("version", detail, position, stream, version))
        elif digest is not None and previous != last_hash:
            _keep(result, Finding("chain", "is not linked to the event before it", position, stream, version))
        if position <= last_position:
            _keep(result, Finding("order", "lies before its predecessor in the record", position, stream, version))
        last_version, last_hash, last_position = version, digest or GENESIS, position
        result.done += 1
        if result.done % _BATCH == 0:
            yield result
