"""A letter: a mail that is told to people once. Notices and import summaries are letters.

No mail server can promise "exactly once": a process may die after the server took the mail and before that is
recorded. So the intent is recorded first (`sending`), nobody else tries while it holds, and a repeat after a crash
carries the same Message-ID, by which mail programs and people recognise it. After a recorded success nothing is sent.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from domain.fact import Fact
from domain.operations.events import (
    ImportSummaryBuilt,
    ImportSummaryFailed,
    ImportSummarySending,
    ImportSummarySent,
    MailProblem,
    NoticeFailed,
    NoticeRaised,
    NoticeSending,
    NoticeSent,
)

LEASE: Final = timedelta(minutes=10)
"""How long a process that began to send has the letter for itself; longer than any mail server is waited for."""

MAX_TRIES: Final = 40
"""With the delays below about nine days; then it stays a problem until somebody sends it by hand."""

LOOK_AGAIN: Final = timedelta(hours=1)
"""When a letter without recipients, or with a broken text, is looked at again."""

First = NoticeRaised | ImportSummaryBuilt


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as its facts leave it. `due` is when it may be tried (again); None: never, by itself."""

    first: First
    status: Literal["waiting", "sending", "sent", "failed"] = "waiting"
    tries: int = 0
    due: datetime | None = None
    problem: tuple[MailProblem, str] | None = None

    @property
    def template(self) -> str:
        """Code of the notification template that it is written by."""
        return self.first.template if isinstance(self.first, NoticeRaised) else "import-summary"

    def may_be_tried(self, now: datetime) -> bool:
        """Whether now is the time to hand it over."""
        if self.status == "waiting":
            return True
        return self.status != "sent" and self.due is not None and self.due <= now


def fold(facts: Iterable[Fact]) -> Letter | None:
    """All facts of one stream, from the first; None for a stream that is not there."""
    letter: Letter | None = None
    for fact in facts:
        match fact, letter:
            case NoticeRaised() | ImportSummaryBuilt(), None:
                letter = Letter(fact)
            case NoticeSending() | ImportSummarySending(), Letter():
                letter = replace(letter, status="sending", tries=fact.tries, due=fact.until)
            case NoticeSent() | ImportSummarySent(), Letter():
                letter = replace(letter, status="sent", due=None, problem=None)
            case NoticeFailed() | ImportSummaryFailed(), Letter():
                problem = (fact.reason, fact.message)
                letter = replace(letter, status="failed", tries=fact.tries, due=fact.retry_at, problem=problem)
            case _:
                raise ValueError(f"{fact.type} can't follow {letter}")
    return letter


def sending(letter: Letter, now: datetime) -> Fact:
    """The intent: from now on, for as long as the lease, the letter is this process's."""
    tries, until = letter.tries + 1, now + LEASE
    first = letter.first
    if isinstance(first, ImportSummaryBuilt):
        return ImportSummarySending(day=first.day, message_id=first.message_id, tries=tries, until=until)
    return NoticeSending(**_about(first), tries=tries, until=until)


def sent(letter: Letter, to: int) -> Fact:
    """The mail server took it, for so many recipients."""
    first = letter.first
    if isinstance(first, ImportSummaryBuilt):
        return ImportSummarySent(day=first.day, message_id=first.message_id, to=to)
    return NoticeSent(**_about(first), to=to)


def failed(letter: Letter, problem: MailProblem, message: str, now: datetime) -> list[Fact]:
    """It is not out. The same problem found again without having tried is no new fact."""
    if letter.status == "failed" and letter.problem == (problem, message):
        return []
    retry_at = _retry_at(letter, problem, now)
    first = letter.first
    if isinstance(first, ImportSummaryBuilt):
        return [
            ImportSummaryFailed(
                day=first.day,
                message_id=first.message_id,
                tries=letter.tries,
                reason=problem,
                message=message,
                retry_at=retry_at,
            )
        ]
    return [NoticeFailed(**_about(first), tries=letter.tries, reason=problem, message=message, retry_at=retry_at)]


def _retry_at(letter: Letter, problem: MailProblem, now: datetime) -> datetime | None:
    if problem in {"no_recipient", "template"}:
        return now + LOOK_AGAIN
    if letter.tries >= MAX_TRIES:
        return None
    return now + min(timedelta(minutes=2 ** min(letter.tries - 1, 20)), timedelta(hours=6))


def _about(first: NoticeRaised) -> dict[str, str]:
    return {
        "template": first.template,
        "subject": first.subject,
        "name": first.name,
        "message_id": first.message_id,
    }
