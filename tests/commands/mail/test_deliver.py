import asyncio
from datetime import timedelta

import pytest

from commands.mail.deliver import PostOffice, deliver, deliver_due
from commands.mail.preview import preview
from commands.mail.samples import sample_of
from commands.mail.texts import BUILT_IN
from commands.ports.event_store import Save, Write
from commands.ports.outbox import OutboxRow
from commands.reactions.notices import raise_notice
from domain.identity import Stream, id_for
from domain.mail.letter import LEASE, LOOK_AGAIN, fold, sending
from domain.operations.events import NoticeFailed, NoticeRaised, NoticeSent
from domain.rejected import Rejected
from tests.support.operations import changed
from tests.support.origins import NOW, origin
from tests.support.post_office import post_office, set_recipients

INVOICE = Stream("provider-invoice", id_for("provider-invoice", "ACME", "F-1"))
CODE = "provider-invoice-changed"


@pytest.fixture
def office(mail_server) -> PostOffice:
    return post_office(mail_server)


async def notice(office, total="12000", revision="2"):
    fact = changed("F-1", total, revision)
    await office.store.given(INVOICE, fact)
    return (await raise_notice(office.store, office.store.events[-1], origin(), "example.test")).outcome


def status(office, stream):
    return fold(office.store.facts(stream)).status


class TestRaising:
    async def test_a_reported_change_is_one_notice_however_often_it_is_seen(self, office):
        one = await notice(office)
        assert await notice(office) == one
        assert await notice(office, total="12000.00") == one
        [raised] = office.store.facts(one)
        assert isinstance(raised, NoticeRaised)
        assert raised.values["difference"] == "2,000.00"
        recorded = (await office.store.history(one))[0]
        assert recorded.causation_id == str(office.store.events[0].event_id)

    async def test_each_distinct_pair_is_a_notice_of_its_own(self, office):
        notices = {await notice(office), await notice(office, total="13000"), await notice(office, revision="3")}
        assert len(notices) == 3

    async def test_two_workers_raise_one(self, office):
        await office.store.given(INVOICE, changed("F-1"))
        event = office.store.events[-1]
        await asyncio.gather(*(raise_notice(office.store, event, origin(), "example.test") for _ in range(4)))
        assert [e.type for e in office.store.events].count("notice.raised") == 1


class TestDelivering:
    async def test_a_letter_goes_out_once_with_its_message_id(self, office, mail_server):
        await set_recipients(office, CODE, "a@example.test", "b@example.test")
        stream = await notice(office)
        assert await deliver_due(office, origin) == 1
        assert await deliver_due(office, origin) == 0
        assert await deliver(office, origin(NOW + timedelta(days=9)), stream) == "not_now"
        [mail] = mail_server.mails
        assert mail["Message-ID"] == f"<notice.{stream.id}@example.test>"
        assert mail["Subject"] == "About F-1"
        assert "provider now reports 12,000.00" in mail.get_content()
        last = office.store.facts(stream)[-1]
        assert isinstance(last, NoticeSent)
        assert (last.to, office.outbox.letters) == (2, {})

    async def test_many_at_once_send_one_mail(self, office, mail_server):
        await set_recipients(office, CODE, "a@example.test")
        stream = await notice(office)
        ends = await asyncio.gather(*(deliver(office, origin(), stream) for _ in range(8)))
        assert sorted(set(ends)) == ["not_now", "sent"]
        assert len(mail_server.mails) == 1

    async def test_nobody_to_send_to_keeps_it_as_a_problem_until_somebody_is_named(self, office, mail_server):
        stream = await notice(office)
        assert await deliver(office, origin(), stream) == "unsent"
        fact = office.store.facts(stream)[-1]
        assert isinstance(fact, NoticeFailed)
        assert (fact.reason, fact.tries) == ("no_recipient", 0)
        later = NOW + LOOK_AGAIN
        assert await deliver_due(office, lambda: origin(later)) == 0
        assert len(office.store.facts(stream)) == 2
        assert await office.outbox.due(later, 10) == []
        await set_recipients(office, CODE, "a@example.test")
        assert await deliver_due(office, lambda: origin(later + LOOK_AGAIN)) == 1
        assert len(mail_server.mails) == 1

    async def test_a_server_that_is_away_is_tried_again_later(self, office, mail_server):
        await set_recipients(office, CODE, "a@example.test")
        stream = await notice(office)
        await mail_server.stop()
        assert await deliver(office, origin(), stream) == "failed"
        assert office.store.facts(stream)[-1].reason == "server"
        await mail_server.start()
        assert await deliver_due(office, origin) == 0
        assert await deliver(office, origin(), stream) == "not_now"
        assert await deliver_due(office, lambda: origin(NOW + timedelta(minutes=1))) == 1
        assert fold(office.store.facts(stream)).tries == 2
        assert len(mail_server.mails) == 1

    async def test_by_hand_a_failed_one_does_not_wait(self, office, mail_server):
        await set_recipients(office, CODE, "a@example.test")
        mail_server.data_answer = "451 later"
        stream = await notice(office)
        assert await deliver(office, origin(), stream) == "failed"
        mail_server.data_answer = "250 OK"
        assert await deliver(office, origin(), stream, by_hand=True) == "sent"
        assert await deliver(office, origin(), stream, by_hand=True) == "not_now"
        assert len(mail_server.mails) == 1

    async def test_a_process_that_died_while_sending_is_followed_with_the_same_message_id(self, office, mail_server):
        await set_recipients(office, CODE, "a@example.test")
        stream = await notice(office)
        history = await office.store.load(stream)
        intent = sending(fold(history.facts), NOW)
        rows = (OutboxRow(stream, intent.until),)
        await office.store.append(Save(origin(), (Write(history, (intent,)),), rows=rows))
        assert await deliver_due(office, lambda: origin(NOW + timedelta(minutes=1))) == 0
        assert await deliver_due(office, lambda: origin(NOW + LEASE)) == 1
        assert mail_server.mails[0]["Message-ID"] == history.facts[0].message_id

    async def test_a_broken_text_is_a_problem_that_says_what_to_mend(self, office, mail_server):
        await set_recipients(office, CODE, "a@example.test", body="{{ colour }}")
        stream = await notice(office)
        assert await deliver(office, origin(), stream) == "unsent"
        assert (office.store.facts(stream)[-1].reason, mail_server.mails) == ("template", [])
        assert "colour" in office.store.facts(stream)[-1].message

    async def test_one_letter_does_not_hold_up_the_others(self, office, mail_server):
        await set_recipients(office, CODE, "a@example.test")
        lost = Stream("notice", id_for("notice", "nowhere"))
        office.store.rows.append(OutboxRow(lost, NOW))
        await notice(office)
        with pytest.raises(ExceptionGroup, match="could not be dealt with"):
            await deliver_due(office, origin)
        assert len(mail_server.mails) == 1

    async def test_a_mail_refused_for_good_says_why(self, office, mail_server):
        await set_recipients(office, CODE, "a@example.test")
        mail_server.data_answer = "554 no"
        stream = await notice(office)
        assert await deliver(office, origin(), stream) == "failed"
        assert (status(office, stream), office.store.facts(stream)[-1].reason) == ("failed", "refused")


class TestPreview:
    async def test_the_built_in_text_and_another_one(self, office):
        text = await preview(office.store, office.templates, CODE)
        assert "12,000.00 EUR" in text.body
        text = await preview(office.store, office.templates, CODE, body="{{ provider }}!")
        assert text.body == "SAMPLE!"

    async def test_a_broken_one_says_where(self, office):
        with pytest.raises(Rejected, match="template-broken") as info:
            await preview(office.store, office.templates, CODE, subject="{{ x.__class__ }}", body="b")
        assert info.value.facts["errors"][0]["pointer"] == "/subject"

    async def test_a_template_that_is_not_there_has_no_text(self, office):
        with pytest.raises(Rejected, match="not-found"):
            await preview(office.store, office.templates, "nothing")

    @pytest.mark.parametrize("code", sorted(BUILT_IN))
    async def test_every_built_in_text_fits_its_sample(self, office, code):
        office.templates.check(BUILT_IN[code], sample_of(code))
        text = await preview(office.store, office.templates, code)
        assert text.subject
        assert text.body.endswith("\n")
