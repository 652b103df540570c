"""The read model `provider_invoices`."""

from typing import Final

from projections.provider_invoices import fold, usage
from projections.provider_invoices.rows import INVOICES, USAGE
from projections.read_model import ReadModel

PROVIDER_INVOICES: Final = ReadModel(
    name="provider_invoices",
    topics=frozenset({"provider-invoice"}),
    tables=(INVOICES, USAGE),
    steps=(*fold.STEPS, *usage.STEPS),
)
