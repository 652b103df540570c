import asyncio
from datetime import timedelta

from adapters.mail import SmtpMailer, StoredOutbox
from adapters.reference import StoredReference
from adapters.templates import SandboxedTemplates
from commands.mail.deliver import PostOffice, deliver_due
from commands.mail.texts import BUILT_IN
from commands.ports.event_store import Save, Write
from commands.reactions.notices import raise_notice
from commands.reference.save import save
from commands.summary.build import run_summary
from domain.identity import provider_invoice_stream
from domain.reference.bodies import Connection, NotificationTemplateBody, ProviderBody
from domain.reference.kinds import KINDS
from tests.support.operations import changed
from tests.support.origins import NOW, origin


async def test_a_letter_waits_in_the_outbox_until_it_is_out(record, mail_server):
    outbox = StoredOutbox(record.pool)
    office = PostOffice(record.store, SandboxedTemplates(), SmtpMailer(mail_server.url), outbox, "l@example.test")
    body = NotificationTemplateBody(
        code="provider-invoice-changed", to=("a@example.test",), subject="{{ provider }}", body="{{ difference }}"
    )
    await save(record.desk, origin(), KINDS["notification-template"], body)
    invoice = await record.store.load(provider_invoice_stream("ACME", "F-1"))
    await record.store.append(Save(origin(), (Write(invoice, (changed("F-1"),)),)))
    [event] = await record.store.history(invoice.stream)
    stream = (await raise_notice(record.store, event, origin(), "example.test")).outcome
    assert await outbox.due(NOW - timedelta(seconds=1), 10) == []
    assert await outbox.due(NOW, 10) == [stream]
    await outbox.postpone(stream, NOW + timedelta(hours=1))
    assert await outbox.due(NOW, 10) == []
    later = NOW + timedelta(hours=1)
    assert await deliver_due(office, lambda: origin(later)) == 1
    assert await outbox.due(later + timedelta(days=9), 10) == []
    assert mail_server.mails[0].get_content().strip() == "2,000.00"
    await outbox.postpone(stream, NOW)
    assert await outbox.due(later, 10) == []


async def test_a_summary_run_by_many_at_once_is_one_mail(record, mail_server):
    office = PostOffice(
        record.store, SandboxedTemplates(), SmtpMailer(mail_server.url), StoredOutbox(record.pool), "l@example.test"
    )
    text = BUILT_IN["import-summary"]
    body = NotificationTemplateBody(code="import-summary", to=("a@example.test",), subject=text.subject, body=text.body)
    await save(record.desk, origin(), KINDS["notification-template"], body)
    acme = ProviderBody(code="ACME", name="Acme", mode="automatic", connection=Connection(manifest="m.json"))
    await save(record.desk, origin(), KINDS["provider"], acme)
    reference = StoredReference(record.store, record.pool)
    said = await asyncio.gather(*(run_summary(office, reference, origin(), NOW.date()) for _ in range(6)))
    assert sum("; mailed." in sentence for sentence in said) == 1
    [mail] = mail_server.mails
    assert mail["Subject"] == "Import summary 2026-03-02: 0 imported, 0 failed, 0 changed"
    assert "Nothing new." in mail.get_content()
    assert await record.rows("SELECT FROM mail_outbox") == []
