"""A post office on the record in memory and a real mail server."""

from collections.abc import Sequence
from datetime import datetime

from adapters.mail import SmtpMailer
from adapters.templates import SandboxedTemplates
from commands.mail.deliver import PostOffice
from commands.ports.outbox import OutboxRow
from domain.identity import Stream, reference_stream
from domain.reference.bodies import NotificationTemplateBody
from domain.reference.events import NotificationTemplateSaved
from tests.support.memory_store import MemoryEventStore
from tests.support.smtp_server import MailServer


class MemoryOutbox:
    """What the outbox table would hold after the rows of the saves."""

    def __init__(self, store: MemoryEventStore) -> None:
        self._store = store
        self._seen = 0
        self.letters: dict[Stream, datetime] = {}

    def _take_in(self) -> None:
        for row in self._store.rows[self._seen :]:
            if isinstance(row, OutboxRow):
                self.letters.pop(row.letter, None)
                if row.due is not None:
                    self.letters[row.letter] = row.due
        self._seen = len(self._store.rows)

    async def due(self, now: datetime, limit: int) -> Sequence[Stream]:
        self._take_in()
        return [letter for letter, due in self.letters.items() if due <= now][:limit]

    async def postpone(self, letter: Stream, until: datetime) -> None:
        self._take_in()
        if letter in self.letters:
            self.letters[letter] = until


def post_office(mail_server: MailServer) -> PostOffice:
    """Templates, mail and their outbox; nothing is stored yet."""
    store = MemoryEventStore()
    mailer = SmtpMailer(mail_server.url)
    return PostOffice(store, SandboxedTemplates(), mailer, MemoryOutbox(store), "ledger@example.test")


async def set_recipients(office: PostOffice, code: str, *to: str, body: str = "{{ message }}") -> None:
    """Save a notification template with these recipients."""
    saved = NotificationTemplateBody(code=code, to=to, subject="About {{ day|default(invoice_number) }}", body=body)
    history = await office.store.load(reference_stream("notification-template", code))
    fact = NotificationTemplateSaved(code=code, version=history.version + 1, body=saved)
    assert isinstance(office.store, MemoryEventStore)
    await office.store.given(history.stream, fact)
