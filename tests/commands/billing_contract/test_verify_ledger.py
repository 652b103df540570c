"""What is kept of contracts: given billed ones, when somebody meddles with a table, then verify names it."""

import pytest

from adapters.verifying import StoredContracts
from commands.billing_contract.cancel_transaction import cancel_transaction
from commands.billing_contract.verify_ledger import ledger_check
from tests.support.agreements import WORK, hours, seats
from tests.support.origins import origin


@pytest.fixture
async def findings(agreed):
    """K-1 with a taken, a free and a cancelled transaction; K-2 without any."""
    await agreed.signed("K-2", {"seats": seats()})
    contract = await agreed.signed(lines={"seats": seats(), "work": WORK})
    await agreed.record(contract, "work", hours("a", "2026-01-05"), hours("b", "2026-02-20"), hours("c", "2026-02-21"))
    await agreed.run("2026-01-21", contract)
    await agreed.run("2026-02-02", contract)
    await cancel_transaction(agreed.desk, origin(), contract, "work", "c", "double")

    async def found():
        pages = [page async for page in ledger_check(agreed.billing, StoredContracts(agreed.shop.pool))]
        assert [(page.contracts, page.transactions) for page in pages] == [(2, 3)]
        return pages[0].findings

    return found


async def test_what_was_billed_and_kept_is_sound(findings):
    assert await findings() == ()


@pytest.mark.parametrize(
    ("meddled", "said"),
    [
        ("UPDATE contract_due SET next_run = '2030-01-01' WHERE number = 'K-2'", "K-2 is kept as due on 2030-01-01"),
        ("DELETE FROM contract_due WHERE number = 'K-2'", "K-2 has no row"),
        ("UPDATE contract_transaction SET price = 91 WHERE id = 'b'", "transaction b is kept"),
        ("DELETE FROM contract_transaction WHERE id = 'b'", "transaction b is kept otherwise"),
        ("DELETE FROM contract_taken", "transactions 1 to 1 of 2026 are on live invoices, and kept as free"),
        (
            "INSERT INTO contract_taken SELECT contract, line, year, 2, 2 FROM contract_taken",
            "transactions 2 to 2 of 2026 are kept as taken, no live invoice has them",
        ),
    ],
)
async def test_a_row_that_does_not_follow_from_the_record_is_named(agreed, findings, meddled, said):
    async with agreed.shop.pool.connection() as connection:
        await connection.execute(meddled)
    assert any(said in finding for finding in await findings())
