from datetime import UTC, datetime

import pytest

from adapters.mail import NoMailServer, SmtpMailer
from adapters.mail.address import SmtpAddress
from adapters.mail.message import message_of
from commands.ports.mail import Mail, MailRefused, MailUnavailable


def mail(**changes):
    fields = {
        "message_id": "<one@example.test>",
        "sender": "ledger@example.test",
        "to": ("a@example.test", "b@example.test"),
        "subject": "Straße, total 1,000.00 €",
        "body": "Grüße\n.\nA line that is dotted, and one that is long: " + "x" * 2000 + "\n",
        "date": datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    }
    return Mail(**{**fields, **changes})


async def test_a_mail_arrives_as_it_was_written(mail_server):
    handed = await SmtpMailer(mail_server.url).send(mail())
    assert handed.accepted == ("a@example.test", "b@example.test")
    assert not handed.refused
    [got] = mail_server.mails
    assert got["Message-ID"] == "<one@example.test>"
    assert got["Subject"] == mail().subject
    assert got["Date"] == "Mon, 02 Mar 2026 09:30:00 +0000"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got.get_content().replace("\r\n", "\n") == mail().body
    assert mail_server.recipients == [["a@example.test", "b@example.test"]]


async def test_headers_can_not_be_added_to(mail_server):
    await SmtpMailer(mail_server.url).send(mail(subject="Hello\r\nBcc: evil@example.test\n\nbody\u2028x"))
    [got] = mail_server.mails
    assert got["Bcc"] is None
    assert got["Subject"] == "Hello Bcc: evil@example.test body x"


@pytest.mark.parametrize(
    "changes",
    [
        {"to": ("a@example.test\r\nBcc: b@example.test",)},
        {"to": ("Somebody <a@example.test>",)},
        {"sender": "x@example.test, y@example.test"},
        {"message_id": "<a@b>\r\nX: y"},
        {"message_id": "none"},
    ],
)
async def test_what_is_no_address_is_refused_before_anything_is_sent(mail_server, changes):
    with pytest.raises(MailRefused, match="is no"):
        await SmtpMailer(mail_server.url).send(mail(**changes))
    assert mail_server.mails == []


async def test_one_refused_recipient_keeps_nobody_from_the_mail(mail_server):
    mail_server.refuse["a@example.test"] = "550 no such user"
    handed = await SmtpMailer(mail_server.url).send(mail())
    assert handed.accepted == ("b@example.test",)
    assert "550 no such user" in handed.refused["a@example.test"]


async def test_all_refused_for_good_or_for_now(mail_server):
    mail_server.refuse = dict.fromkeys(mail().to, "550 no such user")
    with pytest.raises(MailRefused, match=r"a@example\.test: 550 no such user"):
        await SmtpMailer(mail_server.url).send(mail())
    mail_server.refuse = dict.fromkeys(mail().to, "451 try later")
    with pytest.raises(MailUnavailable, match="451 try later"):
        await SmtpMailer(mail_server.url).send(mail())


async def test_a_mail_refused_for_good_or_for_now(mail_server):
    mail_server.data_answer = "554 looks like spam"
    with pytest.raises(MailRefused, match="554 looks like spam"):
        await SmtpMailer(mail_server.url).send(mail())
    mail_server.data_answer = "452 disk full"
    with pytest.raises(MailUnavailable, match="452 disk full"):
        await SmtpMailer(mail_server.url).send(mail())


async def test_a_server_that_is_away(mail_server):
    await mail_server.stop()
    with pytest.raises(MailUnavailable, match=rf"127\.0\.0\.1:{mail_server.port} is away"):
        await SmtpMailer(mail_server.url).send(mail())
    await mail_server.start()
    assert (await SmtpMailer(mail_server.url).send(mail())).accepted


async def test_a_server_that_never_answers_is_not_waited_for(mail_server):
    mail_server.talks.clear()
    with pytest.raises(MailUnavailable, match="too slow"):
        await SmtpMailer(mail_server.url.replace("timeout=5", "timeout=0.2")).send(mail())


async def test_tls_is_not_left_out_where_it_is_asked_for(mail_server):
    with pytest.raises(MailUnavailable, match="STARTTLS extension not supported"):
        await SmtpMailer(f"{mail_server.url}&tls=starttls").send(mail())
    with pytest.raises(MailUnavailable):
        await SmtpMailer(mail_server.url.replace("smtp:", "smtps:")).send(mail())
    assert mail_server.mails == []


async def test_without_a_server_letters_wait():
    with pytest.raises(MailUnavailable, match="LEDGERLINE_SMTP_URL"):
        await NoMailServer().send(mail())


@pytest.mark.parametrize(
    ("url", "port", "tls"),
    [
        ("smtp://mail.example.test", 25, "offered"),
        ("smtp://u:p%40@mail.example.test", 587, "starttls"),
        ("smtp://u:p@localhost:25", 25, "offered"),
        ("smtps://u:p@mail.example.test", 465, "implicit"),
        ("smtp://mail.example.test:2525?tls=none", 2525, "none"),
    ],
)
def test_addresses(url, port, tls):
    at = SmtpAddress.parse(url)
    assert (at.port, at.tls) == (port, tls)


@pytest.mark.parametrize(
    "url", ["http://x", "smtp://", "smtp://x?tls=maybe", "smtp://x?colour=red", "smtp://u:hidden@x?timeout=0"]
)
def test_wrong_addresses_say_what_is_right_and_no_secret(url):
    with pytest.raises(ValueError, match="SMTP_URL") as info:
        SmtpAddress.parse(url)
    assert "hidden" not in str(info.value)
    assert "hidden" not in repr(SmtpAddress.parse("smtp://u:hidden@x"))


def test_the_same_mail_is_the_same_bytes():
    assert message_of(mail()) == message_of(mail())
