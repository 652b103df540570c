import asyncio

import pytest

from commands.ports.outbox import OutboxRow
from commands.reactions.notices import raise_notice
from domain.identity import Stream, id_for
from services.mailing import deliver_letters
from tests.support.operations import changed
from tests.support.origins import NOW, origin
from tests.support.post_office import post_office, set_recipients
from tests.support.waiting import eventually_async

INVOICE = Stream("provider-invoice", id_for("provider-invoice", "ACME", "F-1"))


@pytest.fixture
def office(mail_server):
    return post_office(mail_server)


async def test_letters_go_out_while_others_can_not_be_dealt_with(office, mail_server):
    stop = asyncio.Event()
    office.store.rows.append(OutboxRow(Stream("notice", id_for("notice", "lost")), NOW))
    loop = asyncio.create_task(deliver_letters(office, origin, stop, every=0.01))
    try:
        await set_recipients(office, "provider-invoice-changed", "a@example.test")
        await office.store.given(INVOICE, changed("F-1"))
        await raise_notice(office.store, office.store.events[-1], origin(), "example.test")
        await eventually_async(lambda: asyncio.sleep(0, mail_server.mails))
    finally:
        stop.set()
        await loop
    assert len(mail_server.mails) == 1
