"""The task `send` on a real mail server: who gets it, what the text says, what is told of failures."""

import pytest

from domain.identity import Stream
from tests.support.https_server import endpoint
from tests.support.tasking import open_office, task_settings

__all__ = ["endpoint"]


@pytest.fixture
async def office(database, tmp_path, endpoint, mail_server):
    async with open_office(database, task_settings(tmp_path, endpoint, mail_server)) as opened:
        yield opened


async def test_nobody_to_send_it_to_is_a_failure_until_there_is(office, mail_server):
    await office.save("notification-template", code="invoice", to=["copy@example.test"], subject="s", body="b")
    await office.customer()
    invoice = await office.invoice("send")
    assert await office.turn("send") == ["failed"]
    task = await office.task(invoice, "send")
    assert (task.code, mail_server.mails) == ("no-recipient", [])
    await office.customer("a@example.test")
    assert await office.by_hand(invoice, "send")
    assert await office.turn("send") == ["succeeded"]
    assert mail_server.recipients == [["a@example.test", "copy@example.test"]]


async def test_a_customer_nobody_knows(office):
    invoice = await office.invoice("send")
    assert await office.turn("send") == ["failed"]
    assert (await office.task(invoice, "send")).code == "no-recipient"


async def test_the_saved_text_with_names_of_products(office, mail_server):
    body = "{% for i in items %}{{ i.name }} {{ i.amount }};{% endfor %} {{ customer_name }} {{ items_left_out }}"
    await office.save("notification-template", code="invoice", subject="Bill {{ number }}", body=body)
    await office.save("product", code="P1", name="Support hours")
    await office.customer("a@example.test")
    await office.invoice("send")
    assert await office.turn("send") == ["succeeded"]
    (mail,) = mail_server.mails
    assert (mail["Subject"], mail["From"]) == ("Bill INV-R-1", "billing@example.test")
    assert mail.get_content().strip() == "Support hours 120.00; Customer one 0"


async def test_a_broken_text_waits_until_it_is_mended(office, mail_server):
    template = {"code": "invoice", "subject": "s"}
    await office.customer("a@example.test")
    await office.save("notification-template", **template, body="{% if number == 'INV-R-1' %}{{ items[9] }}{% endif %}")
    invoice = await office.invoice("send")
    assert await office.turn("send") == ["unknown"]
    assert (await office.task(invoice, "send")).code == "template"
    await office.save("notification-template", **template, body="{{ number }}")
    office.later(minutes=1)
    assert await office.turn("send") == ["succeeded"]
    assert len(mail_server.mails) == 1


async def test_a_server_that_is_away_is_tried_again_with_the_same_message_id(office, mail_server):
    await office.customer("a@example.test")
    mail_server.data_answer = "451 later"
    invoice = await office.invoice("send")
    assert await office.turn("send") == ["unknown"]
    await mail_server.stop()
    office.later(minutes=1)
    assert await office.turn("send") == ["unknown"]
    await mail_server.start()
    mail_server.data_answer = "250 OK"
    office.later(minutes=1)
    assert await office.turn("send") == ["succeeded"]
    assert await office.told(invoice) == ["armed", "unknown", "succeeded"]
    assert [mail["Message-ID"] for mail in mail_server.mails] == [f"<task.{invoice}.send@example.test>"]
    office.later(minutes=1)
    assert await office.by_hand(invoice, "send", again=True)
    await office.turn("send")
    assert mail_server.mails[-1]["Message-ID"] == f"<task.{invoice}.send.2@example.test>"


async def test_what_is_refused_names_nobody(office, mail_server):
    await office.customer("Ann.Example@example.test", "b@example.test")
    mail_server.refuse["Ann.Example@example.test"] = "550 <ann.example@example.test> is unknown"
    mail_server.refuse["b@example.test"] = "550 b@example.test is unknown"
    invoice = await office.invoice("send")
    assert await office.turn("send") == ["failed"]
    task = await office.task(invoice, "send")
    assert task.code == "refused"
    assert "example@example" not in task.message.lower()
    assert "recipient 1: 550 <recipient 1> is unknown" in task.message


async def test_taken_for_some_is_done_and_says_for_how_many(office, mail_server):
    await office.customer("a@example.test", "b@example.test")
    mail_server.refuse["b@example.test"] = "550 unknown"
    invoice = await office.invoice("send")
    assert await office.turn("send") == ["succeeded"]
    facts = (await office.parts.store.load(Stream("customer-invoice", invoice))).facts
    assert (facts[-1].recipients, facts[-1].refused) == (1, 1)
