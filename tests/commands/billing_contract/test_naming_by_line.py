"""A line's own cycle that begins on the same day as the contract's is named by the line."""

import pytest

from commands.billing_contract.generate import generate, propose
from domain.rejected import Rejected
from tests.support.agreements import STARTS, d, seats
from tests.support.origins import origin


@pytest.fixture
async def contract(agreed):
    return await agreed.signed(lines={"seats": seats("1", "31"), "yearly": seats("1", "400", frequency="yearly")})


async def test_by_the_day_alone_it_is_the_contracts_and_a_warning_names_the_other(agreed, contract):
    proposal = await propose(agreed.billing, origin(), contract, STARTS)
    assert (proposal.entry.line, [one.total for one in proposal.made]) == (None, ["31.00"])
    (warning,) = [one for one in proposal.warnings if "begins on" in one]
    assert "line yearly" in warning


async def test_by_the_line_it_is_its_own_alone_and_can_be_replaced(agreed, contract):
    done = (await generate(agreed.billing, origin(), contract, STARTS, line="yearly")).outcome
    assert (done.entry.line, done.entry.run_date, [one.total for one in done.invoices]) == (
        "yearly",
        d("2027-01-02"),
        ["400.00"],
    )
    (warning,) = [one for one in done.warnings if "begins on" in one]
    assert "the contract" in warning
    with pytest.raises(Rejected) as no:
        await generate(agreed.billing, origin(), contract, STARTS, line="yearly")
    assert no.value.code == "cycle-invoiced"
    again = (await generate(agreed.billing, origin(), contract, STARTS, line="yearly", replace=True)).outcome
    assert ([one.total for one in again.invoices], again.entry.line) == (["400.00"], "yearly")
    assert [one.how for one in again.replaced] == ["superseded"]


@pytest.mark.parametrize(
    ("line", "day", "code"),
    [("other", STARTS, "line-missing"), ("seats", STARTS, "cycle-unknown"), ("seats", None, "nothing-left")],
)
async def test_a_line_without_entries_of_its_own_names_none(agreed, contract, line, day, code):
    with pytest.raises(Rejected) as no:
        await propose(agreed.billing, origin(), contract, day, line=line)
    assert no.value.code == code
