"""`ledgerline invoice-run DATE`."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from commands.billing_contract.add_line import NewLine, add_line
from commands.billing_contract.sign import NewContract, sign
from commands.origin import Origin
from commands.reference.save import save
from domain.billing_contract.parts import SubscriptionTerms
from domain.billing_contract.shares import Share
from domain.reference.decisions import parse
from domain.reference.kinds import KINDS
from services.settings import load_settings
from services.wiring import open_parts

TODAY = datetime.now(UTC).date()


@pytest.fixture
def contract(database, tmp_path):
    """K-1, a weekly 70.00 that is due today."""

    async def signed():
        async with open_parts(
            load_settings(data=tmp_path / "data", keys=tmp_path / "keys", files=str(tmp_path / "files")),
            database_url=database,
        ) as parts:
            now = parts.clock.now()
            origin = Origin(uuid4(), "test", now, now.date(), "UTC", "test")
            await save(parts.desk, origin, KINDS["customer"], parse(KINDS["customer"], {"code": "C1", "name": "C1"}))
            wanted = NewContract(
                number="K-1", name="Seats", customers=[Share("C1", Decimal(100))], currency="EUR",
                starts=TODAY - timedelta(days=7), ends=None, frequency="weekly", offset=1, refund_policy="prorated",
                tasks=(), approval="manual", time_zone="UTC",
            )  # fmt: skip
            made = (await sign(parts.contracts, origin, wanted)).outcome.id
            terms = SubscriptionTerms(quantity=Decimal(10), price=Decimal(7))
            await add_line(parts.contracts, origin, made, NewLine("seats", "Seats", None, None, terms))

    asyncio.run(signed())


@pytest.mark.usefixtures("contract")
def test_a_day_is_run_and_run_again(answer, run):
    first = answer("invoice-run", TODAY.isoformat())
    assert (first["status"], first["invoices"], first["left"]) == ("done", 1, [])
    assert first["counts"] == {"invoiced": 1, "nothing_to_bill": 0, "skipped": 0, "failed": 0}
    again = answer("invoice-run", TODAY.isoformat())
    assert again["message"].startswith("0 invoiced")
    assert again["invoices"] == 1
    shown = run("invoice-run", TODAY.isoformat())
    assert shown.exit_code == 0
    assert "nothing to bill" in shown.output


def test_what_is_no_day_or_has_not_come(run):
    assert run("invoice-run", "yesterday").exit_code == 2
    late = run("invoice-run", (date.today() + timedelta(days=3)).isoformat())  # noqa: DTZ011 - later in any zone
    assert "date-in-future" in str(late.exception)
