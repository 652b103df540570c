"""A cycle that is billed ahead by hand, and the real daily job on the day when it is due: no second invoice."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from commands.billing_contract.add_line import NewLine, add_line
from commands.billing_contract.generate import generate
from commands.billing_contract.plan import entry_states
from commands.billing_contract.sign import NewContract, sign
from commands.ports.jobs import JobRun
from commands.reference.save import save
from domain.billing_contract.parts import SubscriptionTerms
from domain.billing_contract.shares import Share
from domain.reference.decisions import parse
from domain.reference.kinds import KINDS
from services.invoice_runs import invoice_run_job
from services.settings import load_settings
from services.wiring import open_parts
from services.worker import make_runner
from tests.support.origins import origin

EARLY = datetime(2026, 2, 20, 12, tzinfo=UTC)
DUE = datetime(2026, 3, 29, 12, tzinfo=UTC)
"""A day of 23 hours in Berlin, on which two o'clock, when the job is due, does not come."""


@pytest.fixture
async def parts(database, tmp_path):
    settings = load_settings(data=tmp_path / "data", rate_limit=0, clock="test")
    async with open_parts(settings, database_url=database) as opened:
        await opened.clock.set(EARLY)
        yield opened


@pytest.fixture
async def working(parts):
    """A worker with its operations alone."""
    stop = asyncio.Event()
    task = asyncio.create_task(make_runner(parts).run(stop))
    yield
    stop.set()
    await task


async def contract_of(parts, number):
    """From the first of the 28th on: the cycle of 28 February ends on 27 March and is billed on the 29th."""
    new = NewContract(
        number=number, name=number, customers=[Share("C1", Decimal(100))], currency="EUR", starts=date(2026, 2, 28),
        ends=None, frequency="monthly", offset=2, refund_policy="prorated", tasks=(), approval="manual",
        time_zone="Europe/Berlin",
    )  # fmt: skip
    signed = (await sign(parts.contracts, origin(EARLY), new)).outcome.id
    seats = SubscriptionTerms(quantity=Decimal(2), price=Decimal(15))
    await add_line(parts.contracts, origin(EARLY), signed, NewLine("seats", "Seats", None, None, seats))
    return signed


def asked(number, day):
    return JobRun(number, "invoice-run", day.date(), False, day, day, day, None, None, None, 1, number, True)


@pytest.mark.usefixtures("working")
async def test_when_the_day_comes_what_was_billed_ahead_is_not_billed_again(parts):
    body = parse(KINDS["customer"], {"code": "C1", "name": "C1"})
    await save(parts.desk, origin(EARLY), KINDS["customer"], body)
    ahead, left = await contract_of(parts, "K-1"), await contract_of(parts, "K-2")
    job = invoice_run_job(parts)
    await job(asked(1, EARLY))
    made = (await generate(parts.contract_billing, origin(EARLY), ahead, None)).outcome
    assert made.warnings == [
        "This entry runs from 2026-02-28 to 2026-03-27 and is to be billed on 2026-03-29: today is 2026-02-20."
    ]
    await parts.clock.set(DUE)
    said = await job(asked(2, DUE))
    assert "the last: 2026-03-29: 1 invoiced" in said
    for contract in (ahead, left):
        states = await entry_states(parts.store, contract)
        assert [(entry.ref.first, len(entry.invoices)) for entry in states.values()] == [(date(2026, 2, 28), 1)]
    assert (await parts.contract_billing.ledger.due([ahead]))[ahead].next_run == date(2026, 4, 29)
