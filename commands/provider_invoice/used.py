"""What has become of an invoice's usage, as far as it decides what can be done with the invoice next."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final
from uuid import UUID

from commands.provider_invoice.desk import InvoiceDesk, Outcome
from commands.provider_invoice.offers import standing_adjustments
from domain.provider_invoice.actions import NOTHING_USED, Usage
from domain.provider_invoice.state import ProviderInvoice
from domain.usage_offer.events import LinesInvoiced, LinesReleased
from domain.usage_offer.state import UsageOffer, fold

_PAGE: Final = 100
_UNCHANGED: Final[Mapping[UUID, UsageOffer]] = {}


async def usage_of(
    desk: InvoiceDesk, invoice: UUID, state: ProviderInvoice, after: Mapping[UUID, UsageOffer] = _UNCHANGED
) -> Usage:
    """Only an active invoice has living offers. Looks no further than the first offer that says so.

    `after`: offers as the caller is about to leave them, by id.
    """
    if state.status != "active":
        return NOTHING_USED
    return Usage(
        invoiced=await _any(desk, invoice, state.attempt, LinesInvoiced.type, _is_invoiced, after),
        released=await _any(desk, invoice, state.attempt, LinesReleased.type, _has_released, after),
        adjusted=bool(await standing_adjustments(desk, invoice, state.adjustments)),
    )


async def with_usage(desk: InvoiceDesk, outcome: Outcome) -> Outcome:
    """The outcome of a command that found or left an invoice active, with what its usage allows."""
    return replace(outcome, usage=await usage_of(desk, outcome.id, outcome.state))


async def _any(
    desk: InvoiceDesk,
    invoice: UUID,
    attempt: int,
    type_: str,
    says_so: Callable[[UsageOffer], bool],
    after: Mapping[UUID, UsageOffer],
) -> bool:
    if any(says_so(offer) for offer in after.values()):
        return True
    last = None
    while found := await desk.store.load_having(invoice, "usage-offer", [type_], after=last, limit=_PAGE):
        for history in found:
            offer = fold(history.facts)
            if history.stream.id not in after and offer and offer.attempt == attempt and says_so(offer):
                return True
        last = found[-1].stream
    return False


def _is_invoiced(offer: UsageOffer) -> bool:
    return any(taken.kind == "customer-invoice" for taken in offer.taken.values())


def _has_released(offer: UsageOffer) -> bool:
    return bool(offer.released)
