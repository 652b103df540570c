from datetime import timedelta

import pytest

from domain.mail.letter import LEASE, LOOK_AGAIN, MAX_TRIES, failed, fold, sending, sent
from domain.operations.events import ImportSummarySending, ImportSummarySent, NoticeRaised
from tests.support.operations import built_summary
from tests.support.origins import NOW

RAISED = NoticeRaised(template="t", subject="provider-invoice/1", name="A F-1", message_id="<1@x>", values={})


def test_a_new_letter_may_be_tried():
    letter = fold([RAISED])
    assert letter.may_be_tried(NOW)
    assert (letter.template, letter.tries) == ("t", 0)
    assert fold([]) is None


def test_while_one_sends_nobody_else_tries_until_its_time_is_over():
    letter = fold([RAISED, sending(fold([RAISED]), NOW)])
    assert (letter.status, letter.tries) == ("sending", 1)
    assert not letter.may_be_tried(NOW + LEASE - timedelta(seconds=1))
    assert letter.may_be_tried(NOW + LEASE)


def test_after_success_it_is_never_tried_again():
    begun = [RAISED, sending(fold([RAISED]), NOW)]
    letter = fold([*begun, sent(fold(begun), 2)])
    assert not letter.may_be_tried(NOW + timedelta(days=365))


def test_failures_wait_longer_and_longer_and_end():
    facts, waits, now = [RAISED], [], NOW
    while (letter := fold(facts)).may_be_tried(now):
        facts.append(sending(letter, now))
        facts += failed(fold(facts), "server", "away", now)
        if fold(facts).due is not None:
            waits.append(fold(facts).due - now)
            now = fold(facts).due
    assert waits[:4] == [timedelta(minutes=n) for n in (1, 2, 4, 8)]
    assert max(waits) == timedelta(hours=6)
    assert (len(waits), fold(facts).tries, fold(facts).due) == (MAX_TRIES - 1, MAX_TRIES, None)


def test_nobody_to_send_to_is_one_fact_however_often_it_is_found():
    [fact] = failed(fold([RAISED]), "no_recipient", "none", NOW)
    assert (fact.tries, fact.retry_at) == (0, NOW + LOOK_AGAIN)
    assert failed(fold([RAISED, fact]), "no_recipient", "none", NOW + LOOK_AGAIN) == []
    assert failed(fold([RAISED, fact]), "template", "broken", NOW) != []


def test_a_summary_is_a_letter_too():
    built = built_summary()
    begun = [built, sending(fold([built]), NOW)]
    assert isinstance(begun[1], ImportSummarySending)
    assert sent(fold(begun), 1) == ImportSummarySent(day=built.day, message_id=built.message_id, to=1)
    assert fold([built]).template == "import-summary"


def test_facts_out_of_order_are_no_letter():
    with pytest.raises(ValueError, match="can't follow"):
        fold([sending(fold([RAISED]), NOW)])
