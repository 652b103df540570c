"""What a preview of replacing says, and what is made of it when it has become outdated."""

import pytest

from commands.billing_contract.generate import generate, preview
from domain.rejected import Rejected
from tests.commands.billing_contract.test_replacing import JANUARY, made_by
from tests.support.agreements import seats
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
