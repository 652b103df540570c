"""The read model `billing_contracts`."""

from typing import Final

from projections.billing_contracts import fold, schedules
from projections.billing_contracts.rows import CONTRACTS, SCHEDULES
from projections.read_model import ReadModel

BILLING_CONTRACTS: Final = ReadModel(
    name="billing_contracts",
    topics=frozenset({"billing-contract"}),
    tables=(CONTRACTS, SCHEDULES),
    steps=(*fold.STEPS, *schedules.STEPS),
)
