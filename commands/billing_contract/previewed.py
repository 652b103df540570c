"""Previews that were shown are kept for a day, so that an outdated one can be told what is different now."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from commands.billing_contract.proposal_document import differences
from commands.ports.invoice_runs import MadeInvoice
from commands.ports.previews import Previews
from domain.rejected import Rejected

LONGEST: Final = 1_000_000
"""Characters of a document that is kept: some 3,000 items."""


async def keep(previews: Previews | None, contract: UUID, digest: str, document: str, now: datetime) -> None:
    """It is shown now. What is too long is not kept: its reader gets the new document without differences."""
    if previews is not None and len(document) <= LONGEST:
        await previews.keep(contract, digest, document, now)


async def outdated(
    previews: Previews | None,
    contract: UUID,
    expect: str,
    digest: str,
    document: str,
    made: Sequence[MadeInvoice],
) -> Rejected:
    """Rejected `preview-outdated`: what is different, item by item; None where the expected preview is not known."""
    before = await previews.find(contract, expect) if previews is not None else None
    found = None if before is None else differences(json.loads(before), json.loads(document))
    hint = "see what is different" if found else "it is not known what was previewed"
    return Rejected(
        "preview-outdated",
        f"What would be billed is not what was previewed any more: {hint}, and look at the preview again.",
        facts={
            "digest": digest,
            "invoices": [
                {"customer": one.customer, "reference": one.reference, "total": one.total or None} for one in made
            ],
            "differences": found,
        },
    )
