"""Post-invoicing tasks on a real database, mail server and HTTPS endpoint: each is done once, whatever happens."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.watching import billing_figures
from commands.customer_invoice.approve_many import approve_many
from commands.customer_invoice.tasks import do_due
from commands.reactions.notices import FAILED, raise_notice
from domain.customer_invoice.events import CustomerInvoiceDeleted
from domain.identity import Stream
from domain.rejected import Rejected
from tests.support.customer_invoices import NAMES, approved_fact, closed
from tests.support.https_server import endpoint
from tests.support.origins import origin
from tests.support.tasking import open_office, task_settings

__all__ = ["endpoint"]


@pytest.fixture
def settings(tmp_path, endpoint, mail_server):
    return task_settings(tmp_path, endpoint, mail_server)


@pytest.fixture
async def office(database, settings):
    async with open_office(database, settings) as opened:
        yield opened


async def test_armed_tasks_run_once_the_invoice_is_approved(office, endpoint, mail_server):
    await office.customer("a@example.test", "b@example.test")
    invoice = await office.invoice("send", "sync", "charge", approve=False)
    assert await office.turn() == []
    assert (endpoint.asked, mail_server.mails) == ([], [])
    await office.append(invoice, approved_fact())
    assert await office.turn() == ["succeeded"] * 3
    assert await office.turn() == []
    assert {t.status for t in (await office.state(invoice)).tasks.values()} == {"succeeded"}
    assert [asked.key for asked in endpoint.asked] == [f"{invoice}:sync", f"{invoice}:charge"]
    (mail,) = mail_server.mails
    assert mail["To"] == "a@example.test, b@example.test"
    assert mail["Subject"] == "Invoice INV-1: 120.00 EUR"
    assert mail["Message-ID"] == f"<task.{invoice}.send@example.test>"
    assert "P1, 2.5 h: 120.00 EUR" in mail.get_content()


async def test_a_number_taken_by_an_approval_goes_with_it(office, endpoint):
    body = {"name": "Finance", "members": ["alice"], "invoice_approval": True}
    await office.save("group", code="finance", **body)
    await office.customer("a@example.test")
    invoice = await office.invoice("charge", approve=False)
    await office.turn()
    (done,) = await approve_many(office.parts.invoicing, origin(), [invoice], include_empty=True)
    assert (done.status, done.refused) == ("approved", None)
    assert await office.turn() == ["succeeded"]
    assert json.loads(endpoint.asked[0].body)["number"] == done.number == "INV-2026-000001"


async def test_the_document(office, endpoint):
    invoice = await office.invoice("charge")
    await office.turn("charge")
    body = json.loads(endpoint.asked[0].body)
    (item,) = body.pop("items")
    assert body == {
        "document": "ledgerline.customer-invoice",
        "version": 1,
        "id": str(invoice),
        "number": "INV-R-1",
        "type": "ad_hoc",
        "reference": "R-1",
        "contract": None,
        "invoice_date": "2026-03-03",
        "approval_date": "2026-03-05",
        "period_from": "2026-02-01",
        "period_to": "2026-02-28",
        "customer": {"code": "C1", "name": "Customer one", "version": 1},
        "currency": "EUR",
        "revenue_total": "120.00",
        "tax": "not_computed",
        "item_count": 0,
        "items_digest": "d" * 64,
    }
    assert (item["product"], item["quantity"], item["amount"]) == ("P1", "2.5", "120.00")
    assert "cost" not in endpoint.asked[0].body.decode()


@pytest.mark.parametrize("end", ["closed", "deleted"])
async def test_what_is_closed_or_deleted_is_disarmed(office, endpoint, end):
    invoice = await office.invoice("charge", approve=False)
    await office.turn()
    if end == "closed":
        await closed(office.parts.store, invoice)
    else:
        await office.append(invoice, CustomerInvoiceDeleted(**NAMES, reason="wrong"))
    assert await office.turn() == []
    assert await office.desk.due.waiting(invoice) == {}
    assert ((await office.task(invoice)).status, endpoint.asked) == ("disarmed", [])


async def test_until_it_is_known_it_is_asked_again_with_the_same_key(office, endpoint):
    endpoint.behaves = ["close", "close", 500, "cut", 503, "once"]
    invoice = await office.invoice("charge")
    seen = []
    for _ in range(6):
        seen += await office.turn("charge")
        assert await office.turn("charge") == []
        office.later(minutes=10)
    assert seen == ["unknown"] * 5 + ["succeeded"]
    # Two tries that ended alike are one fact.
    assert await office.told(invoice) == ["armed", "unknown", "unknown", "unknown", "unknown", "succeeded"]
    task = await office.task(invoice)
    assert (task.tries, task.http_status) == (6, 409)
    assert {asked.key for asked in endpoint.asked} == {f"{invoice}:charge"}
    assert len({asked.body for asked in endpoint.asked}) == 1
    assert len(endpoint.charged) == 1


async def test_an_answer_that_does_not_come(database, tmp_path, endpoint):
    endpoint.behaves = ["hang", "once"]
    async with open_office(database, task_settings(tmp_path, endpoint, task_timeout=0.3)) as office:
        invoice = await office.invoice("charge")
        assert await office.turn("charge") == ["unknown"]
        assert (await office.task(invoice)).code == "timeout"
        office.later(minutes=1)
        assert await office.turn("charge") == ["succeeded"]
    assert len(endpoint.charged) == 1


async def test_what_is_refused_has_failed_and_people_are_told(office, endpoint, mail_server):
    endpoint.behaves = [400, "once"]
    invoice = await office.invoice("charge")
    assert await office.turn("charge") == ["failed"]
    office.later(days=1)
    assert await office.turn("charge") == []
    task = await office.task(invoice)
    assert (task.code, task.http_status, task.tries) == ("refused", 400, 1)
    event = (await office.parts.store.history(Stream("customer-invoice", invoice)))[-1]
    notice = (await raise_notice(office.parts.store, event, origin(), "example.test")).outcome
    (raised,) = (await office.parts.store.load(notice)).facts
    assert (raised.template, raised.name) == (FAILED, "INV-R-1 charge")
    assert "(card_declined)" in raised.values["message"]
    # Mended, and run by hand: the same key.
    assert await office.by_hand(invoice, "charge")
    assert await office.turn("charge") == ["succeeded"]
    assert [asked.key for asked in endpoint.asked] == [f"{invoice}:charge"] * 2


async def test_after_a_week_without_an_answer_it_is_given_up_and_by_hand_keeps_its_key(office, endpoint):
    endpoint.behaves = [500]
    invoice = await office.invoice("charge")
    began, tries = office.now, 0
    while not (ended := await office.turn("charge")) or ended == ["unknown"]:
        tries += bool(ended)
        at = (await office.desk.due.waiting(invoice))["charge"].next_try
        office.now = at
    assert (ended, office.now - began) == (["failed"], timedelta(days=7))
    task = await office.task(invoice)
    assert (task.code, task.tries) == ("given-up", tries + 1)
    assert await office.told(invoice) == ["armed", "unknown", "failed"]
    endpoint.behaves = ["once"]
    await office.by_hand(invoice, "charge")
    assert await office.turn("charge") == ["succeeded"]
    assert {asked.key for asked in endpoint.asked} == {f"{invoice}:charge"}


async def test_by_hand(office, endpoint):
    draft = await office.invoice(reference="R-2", approve=False)
    with pytest.raises(Rejected, match="not-approved"):
        await office.by_hand(draft, "sync")
    invoice = await office.invoice()
    assert await office.by_hand(invoice, "sync")
    assert not await office.by_hand(invoice, "sync")
    assert await office.turn() == ["succeeded"]
    assert not await office.by_hand(invoice, "sync")
    assert await office.turn() == []
    assert await office.by_hand(invoice, "sync", again=True)
    assert await office.turn() == ["succeeded"]
    assert [asked.key for asked in endpoint.asked] == [f"{invoice}:sync", f"{invoice}:sync:2"]


async def test_by_hand_what_waits_is_asked_at_once(office, endpoint):
    endpoint.behaves = [500, "once"]
    invoice = await office.invoice("charge")
    await office.turn("charge")
    assert await office.turn("charge") == []
    assert not await office.by_hand(invoice, "charge")
    assert await office.turn("charge") == ["succeeded"]


async def test_what_is_to_be_done_is_found_anew_from_the_record(office, endpoint):
    endpoint.behaves = [500, "once"]
    waits = await office.invoice("charge")
    await office.turn("charge")
    done = await office.invoice("charge", reference="R-2")
    await office.turn("charge")
    draft = await office.invoice("charge", "send", reference="R-3", approve=False)
    await office.turn()
    async with office.parts.pool.connection() as connection:
        await connection.execute("TRUNCATE invoice_task")
        await connection.execute("DELETE FROM reaction_position WHERE reaction = 'tasks'")
    await office.desk.due.note()
    await office.desk.due.note()
    assert {name: w.tries for name, w in (await office.desk.due.waiting(waits)).items()} == {"charge": 1}
    assert await office.desk.due.waiting(done) == {}
    assert set(await office.desk.due.waiting(draft)) == {"charge", "send"}
    assert await office.turn() == ["succeeded"]
    assert await office.told(done) == ["armed", "succeeded"]


async def test_a_fault_is_raised_and_the_task_is_due_again(office, endpoint):
    invoice = await office.invoice("charge")
    desk = replace(office.desk, leases=dict.fromkeys(office.desk.leases, 0.0))
    await desk.due.note()

    async def broken(*_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await do_due(replace(desk, asking={"charge": broken}), "charge", origin, 2)
    assert await office.told(invoice) == ["armed"]
    assert await do_due(desk, "charge", origin, 2, stopping=lambda: True) == 0
    assert await do_due(desk, "charge", origin, 2) == 1
    assert await office.told(invoice) == ["armed", "succeeded"]


async def test_what_waits_shows_among_the_figures(office, endpoint):
    endpoint.behaves = [500]
    await office.invoice("charge", approve=False)
    await office.invoice("charge", "sync", reference="R-2")
    await office.turn("charge")
    figures = await billing_figures(office.parts.pool)
    assert {key: count for key, (count, _) in figures.items()} == {("tasks", "due"): 1, ("tasks", "unknown"): 1}


async def test_what_is_not_set_up_waits(database, tmp_path, endpoint):
    settings = task_settings(tmp_path, endpoint, charge_url=None, charge_secret=None)
    async with open_office(database, settings) as office:
        invoice = await office.invoice("charge")
        assert await office.turn("charge") == ["unknown"]
        task = await office.task(invoice)
    assert (task.code, "LEDGERLINE_CHARGE_URL" in task.message) == ("not-set-up", True)
