"""What a preview of replacing says, and what is made of it when it has become outdated; cycles that come back."""

from decimal import Decimal

import pytest

from commands.billing_contract.generate import generate, preview
from domain.billing_contract.lines import change_price
from domain.rejected import Rejected
from tests.commands.billing_contract.test_replacing import JANUARY, approved, made_by, price_of, replaced
from tests.support.agreements import d, seats
from tests.support.customer_invoices import closed
from tests.support.origins import origin


async def test_what_becomes_of_the_old_one_is_part_of_what_was_previewed(agreed):
    contract = await agreed.signed(lines={"seats": seats()})
    (first,) = (await made_by(agreed, contract)).invoices
    seen = await preview(agreed.billing, origin(), contract, JANUARY, replace=True)
    await closed(agreed.shop.desk.store, first.id)
    with pytest.raises(Rejected, match="preview-outdated") as no:
        await generate(agreed.billing, origin(), contract, JANUARY, replace=True, expect=seen.digest)
    assert no.value.facts["differences"] == [
        {
            "what": "replaced",
            "change": "changed",
            "reference": first.reference,
            "before": {"how": "superseded"},
            "now": {"how": "billed_anew"},
        }
    ]


async def test_a_cycle_that_comes_to_what_its_approved_invoice_bills_after_all_is_billed_by_that(agreed):
    contract = await agreed.signed(lines={"seats": seats()})
    (both,) = await agreed.run("2026-03-02", contract)
    old = both.invoices[0].id
    await approved(agreed, old)
    await price_of(agreed, contract, "6.2")
    (first,) = (await replaced(agreed, contract)).invoices
    assert first.total == "62.00"  # January and February
    await agreed.change(contract, lambda known: change_price(known, "seats", d("2026-02-01"), Decimal("3.1")))
    (second,) = (await replaced(agreed, contract)).invoices
    assert second.total == "31.00"
    january, february = sorted((await agreed.entries(contract)).values(), key=lambda entry: entry.ref.first)
    assert (january.reason, january.live) == ("invoiced", {old, second.id})
    assert (february.reason, february.live) == ("invoiced", {old})
