"""Billed by hand through the store: anchors at a month's end, leap years, all frequencies, offsets either way; once."""

import pytest

from commands.billing_contract.generate import generate, preview
from domain.rejected import Rejected
from tests.support.agreements import Agreements, d, seats
from tests.support.origins import origin


@pytest.mark.parametrize(
    ("starts", "frequency", "offset", "first", "last", "run_date"),
    [
        ("2026-01-28", "monthly", -5, "2026-02-28", "2026-03-27", "2026-03-22"),
        ("2026-01-29", "monthly", 2, "2026-02-28", "2026-03-28", "2026-03-30"),
        ("2026-01-30", "monthly", 0, "2026-02-28", "2026-03-29", "2026-03-29"),
        ("2026-01-31", "monthly", -366, "2026-02-28", "2026-03-30", "2025-03-29"),
        ("2024-01-31", "monthly", 2, "2024-02-29", "2024-03-30", "2024-04-01"),
        ("2023-11-30", "quarterly", -1, "2024-02-29", "2024-05-29", "2024-05-28"),
        ("2026-08-31", "half-yearly", 366, "2027-02-28", "2027-08-30", "2028-08-30"),
        ("2024-02-29", "yearly", -366, "2025-02-28", "2026-02-27", "2025-02-26"),
        ("2026-03-23", "weekly", 1, "2026-03-30", "2026-04-05", "2026-04-06"),
    ],
)
async def test_the_second_cycle_is_billed_as_previewed_and_once(
    agreed: Agreements, starts: str, frequency: str, offset: int, first: str, last: str, run_date: str
):
    contract = await agreed.signed(
        lines={"seats": seats()},
        starts=d(starts),
        frequency=frequency,
        offset=offset,
        time_zone="Europe/Berlin",
    )
    seen = await preview(agreed.billing, origin(), contract, d(first))
    assert (seen.entry.first, seen.entry.last, seen.entry.run_date) == (d(first), d(last), d(run_date))
    made = (await generate(agreed.billing, origin(), contract, d(first), expect=seen.digest)).outcome
    assert [one.total for one in made.invoices] == ["31.00"]
    state = await agreed.stored(made.invoices[0].id)
    assert (state.invoice_date, state.period_from, state.period_to) == (d(run_date), d(first), d(last))
    with pytest.raises(Rejected, match="cycle-invoiced") as refused:
        await generate(agreed.billing, origin(), contract, d(first))
    assert refused.value.facts == {"invoices": [str(made.invoices[0].id)], "next": d(starts)}
    await agreed.run(run_date, contract)
    by_first = {entry.ref.first: entry for entry in (await agreed.entries(contract)).values()}
    assert len(by_first[d(first)].invoices) == 1


async def test_a_line_that_ends_in_mid_cycle_is_billed_with_its_cycle(agreed: Agreements):
    contract = await agreed.signed(lines={"seats": seats()}, starts=d("2024-01-31"), ends=d("2024-03-10"))
    seen = await preview(agreed.billing, origin(), contract, d("2024-02-29"))
    assert (seen.entry.last, seen.entry.run_date) == (d("2024-03-30"), d("2024-04-01"))
    made = (await generate(agreed.billing, origin(), contract, d("2024-02-29"), expect=seen.digest)).outcome
    assert [one.total for one in made.invoices] == ["10.00"]  # 10 of 31 days
