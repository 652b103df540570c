"""The read model `notices`: one row a notice. An unsent one is a problem."""

from datetime import datetime
from typing import Final, NamedTuple

from domain.operations import events as o
from projections.ports.feed import FeedRecord
from projections.read_model import ReadModel, Table, step, stream_id


class NoticeRow(NamedTuple):
    """One notice. `status` is `raised`, `sent` or `failed`; `since` is when it first could not be sent."""

    id: str
    template: str
    subject: str
    name: str
    message_id: str
    status: str
    recipients: int | None
    tries: int
    reason: str | None
    message: str | None
    retry_at: datetime | None
    since: datetime | None
    sent_at: datetime | None
    created_position: int
    version: int
    position: int


NOTICES_TABLE: Final = Table("notices", NoticeRow)
Maybe = NoticeRow | None


def raised(row: Maybe, fact: o.NoticeRaised, record: FeedRecord) -> NoticeRow:
    """Something happened that people are to be told of."""
    return _notice(row, fact, record)


def sent(row: Maybe, fact: o.NoticeSent, record: FeedRecord) -> NoticeRow:
    """The mail server took it."""
    return _notice(row, fact, record)._replace(
        status="sent",
        recipients=fact.to,
        reason=None,
        message=None,
        retry_at=None,
        since=None,
        sent_at=record.occurred_at,
    )


def failed(row: Maybe, fact: o.NoticeFailed, record: FeedRecord) -> NoticeRow:
    """Kept, unsent: a problem."""
    row = _notice(row, fact, record)
    return row._replace(
        status="failed",
        tries=fact.tries,
        reason=fact.reason,
        message=fact.message,
        retry_at=fact.retry_at,
        since=row.since or record.occurred_at,
    )


def _notice(row: Maybe, fact: o.NoticeFact, record: FeedRecord) -> NoticeRow:
    if row is not None:
        return row._replace(version=record.stream_version, position=record.position)
    return NoticeRow(
        id=stream_id(fact, record),
        template=fact.template,
        subject=fact.subject,
        name=fact.name,
        message_id=fact.message_id,
        status="raised",
        recipients=None,
        tries=0,
        reason=None,
        message=None,
        retry_at=None,
        since=None,
        sent_at=None,
        created_position=record.position,
        version=record.stream_version,
        position=record.position,
    )


NOTICES: Final = ReadModel(
    name="notices",
    topics=frozenset({"operations"}),
    tables=(NOTICES_TABLE,),
    steps=(
        step(NOTICES_TABLE, o.NoticeRaised, raised),
        step(NOTICES_TABLE, o.NoticeSent, sent),
        step(NOTICES_TABLE, o.NoticeFailed, failed),
    ),
)
