"""From a contract's scheduled run over the approval to its tasks: a real mail server, calls over real HTTPS."""

import asyncio
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from commands.billing_contract.add_line import NewLine, add_line
from commands.billing_contract.generate import generate
from commands.billing_contract.sign import NewContract, sign
from commands.customer_invoice.approve_many import approve_many
from commands.ports.jobs import JobRun
from domain.billing_contract.shares import Share
from domain.rejected import Rejected
from services.invoice_runs import invoice_run_job
from services.worker import make_runner
from tests.support.agreements import seats
from tests.support.https_server import endpoint
from tests.support.origins import origin
from tests.support.tasking import open_office, task_settings

__all__ = ["endpoint"]
RUN = datetime(2026, 2, 2, 12, tzinfo=UTC)


@pytest.fixture
async def office(database, tmp_path, endpoint, mail_server):
    """With a customer, and a person who may approve."""
    settings = task_settings(tmp_path, endpoint, mail_server, clock="test", rate_limit=0)
    async with open_office(database, settings) as opened:
        await opened.parts.clock.set(RUN)
        await opened.save("group", code="finance", name="F", members=["alice"], invoice_approval=True)
        await opened.customer("a@example.test")
        yield opened


@pytest.fixture
async def contract(office):
    """K-1 of 31.00 EUR a month from January 2026 on, with every task enabled."""
    desk, early = office.parts.contracts, origin(datetime(2025, 12, 1, tzinfo=UTC))
    new = NewContract(
        number="K-1",
        name="K-1",
        customers=[Share("C1", Decimal(100))],
        currency="EUR",
        starts=date(2026, 1, 1),
        ends=None,
        frequency="monthly",
        offset=2,
        refund_policy="prorated",
        tasks=("send", "sync", "charge"),
        approval="manual",
        time_zone="UTC",
    )
    made = (await sign(desk, early, new)).outcome.id
    await add_line(desk, early, made, NewLine("seats", "Seats", None, None, seats()))
    return made


async def run_of_the_day(office, contract):
    """The scheduler's job, done by a worker; the one invoice that it made."""
    stop = asyncio.Event()
    worker = asyncio.create_task(make_runner(office.parts).run(stop))
    asked = JobRun(1, "invoice-run", RUN.date(), False, RUN, RUN, RUN, None, None, None, 1, 1, True)
    try:
        said = await invoice_run_job(office.parts)(asked)
    finally:
        stop.set()
        await worker
    assert said.endswith("1 invoiced, 0 nothing to bill, 0 skipped, 0 failed.")
    (due,) = [one for one in await office.parts.store.load_by_key(contract, "billing-schedule") if one.facts]
    (made,) = due.facts[0].invoices
    return made.invoice


async def approved(office, invoice):
    (done,) = await approve_many(office.parts.invoicing, origin(), [invoice])
    assert (done.status, done.refused) == ("approved", None)


async def test_the_run_arms_them_and_the_approval_has_them_done_once(office, endpoint, mail_server, contract):
    invoice = await run_of_the_day(office, contract)
    assert {t.status for t in (await office.state(invoice)).tasks.values()} == {"armed"}
    assert await office.turn() == []  # a draft is neither mailed nor charged
    assert (endpoint.asked, mail_server.mails) == ([], [])
    await approved(office, invoice)
    assert await office.turn() == ["succeeded"] * 3
    assert await office.turn() == []
    assert [asked.key for asked in endpoint.asked] == [f"{invoice}:sync", f"{invoice}:charge"]
    assert len(mail_server.mails) == 1
    body = json.loads(endpoint.charged[f"{invoice}:charge"])
    assert body["contract"] == {"id": str(contract), "number": "K-1"}
    assert (body["type"], body["revenue_total"], body["reference"]) == ("contract", "31.00", "K-1/2026-02-02/1")


async def test_an_invoice_generated_by_hand_has_none_until_somebody_asks(office, endpoint, mail_server, contract):
    done = await generate(office.parts.contract_billing, origin(RUN), contract, None)
    (made,) = done.outcome.invoices
    with pytest.raises(Rejected) as no:
        await office.by_hand(made.id, "charge")
    assert no.value.code == "not-approved"
    await approved(office, made.id)
    assert await office.turn() == []
    assert (await office.state(made.id)).tasks == {}
    assert (endpoint.asked, mail_server.mails) == ([], [])
    assert await office.by_hand(made.id, "charge")
    assert await office.turn() == ["succeeded"]
    assert [asked.key for asked in endpoint.asked] == [f"{made.id}:charge"]
    assert not await office.by_hand(made.id, "charge")
