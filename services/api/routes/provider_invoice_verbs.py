"""What is done with a provider invoice: activate, deactivate, release, reoffer, acknowledge, cancel, delete."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import Field
from starlette.responses import Response

from commands.provider_invoice.acknowledge_change import acknowledge_change
from commands.provider_invoice.activate import activate
from commands.provider_invoice.cancel import cancel
from commands.provider_invoice.desk import load
from commands.provider_invoice.offers import LoadedOffer, offers_of
from commands.provider_invoice.release import Moved, release
from commands.provider_invoice.reoffer import reoffer
from commands.provider_invoice.take_out import deactivate, delete
from domain.provider_invoice.actions import Usage
from domain.provider_invoice.checksum import Override
from domain.usage_offer.events import LineRange
from services.api.access import may
from services.api.call import Call, CallDep, Told, etag, id_in_path
from services.api.fields import Amount, ReasonText
from services.api.models import RequestBody
from services.api.provider_invoice_view import actions_view, invoice_words, told, usage_of
from services.api.rendering import exact
from services.api.route import ApiRoute
from services.api.routes.reference import DONE, Reason

router = APIRouter(prefix="/v1/provider-invoices/{invoice}", route_class=ApiRoute, tags=["provider-invoices"])
MAX_RANGES = 10_000


class OverrideBody(RequestBody):
    """A wish to waive the checksum of this attempt. `difference`: as the caller believes it to be, else refused."""

    reason: ReasonText
    difference: Amount | None = None

    def wish(self) -> Override:
        """As the domain has it."""
        return Override(self.reason, self.difference)


class Activation(RequestBody):
    """How to activate."""

    override_checksum: OverrideBody | None = None


class Because(RequestBody):
    """Waiving and undoing always say why."""

    reason: ReasonText


class Lines(RequestBody):
    """A range of line numbers, both ends included."""

    first: Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]
    last: Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]


class Release(Because):
    """Lines that leave a customer invoice; all that it holds of this invoice, if none are named."""

    customer_invoice: UUID
    lines: Annotated[list[Lines], Field(min_length=1, max_length=MAX_RANGES)] | None = None


class Reoffer(Because):
    """Released lines that may be billed again; all of them, if none are named."""

    lines: Annotated[list[Lines], Field(min_length=1, max_length=MAX_RANGES)] | None = None


@router.post("/activate", operation_id="activate_provider_invoice", responses=DONE)
@may("provider-invoice.activate")
async def activate_invoice(call: CallDep, invoice: str, body: Annotated[Activation | None, Body()] = None) -> Response:
    """Run both checks over a manual invoice: 200 with `active`, or with `error` and all that fails."""
    wanted = id_in_path(invoice)
    override = body.override_checksum if body else None
    if override is not None:
        call.caller.require("provider-invoice.override-checksum")
    loaded = await load(call.parts.invoices, wanted)
    usage = await usage_of(call.parts.invoices, wanted, loaded.state)  # of one that is active already
    return await call.command(
        lambda answer: activate(
            call.parts.invoices,
            call.origin(),
            wanted,
            override=override.wish() if override else None,
            expected=call.if_match,
            answer=answer,
        ),
        lambda outcome: told(outcome, call.caller, usage),
        forever=True,
    )


@router.post("/deactivate", operation_id="deactivate_provider_invoice", responses=DONE)
@may("provider-invoice.deactivate")
async def deactivate_invoice(call: CallDep, invoice: str, body: Because) -> Response:
    """Take an active invoice out so that it can be synced again; 409 `lines-invoiced` while one of its lines is."""
    wanted = id_in_path(invoice)
    return await call.command(
        lambda answer: deactivate(
            call.parts.invoices, call.origin(), wanted, reason=body.reason, expected=call.if_match, answer=answer
        ),
        lambda outcome: told(outcome, call.caller),
        forever=True,
    )


@router.delete("", operation_id="delete_provider_invoice", responses=DONE)
@may("provider-invoice.delete")
async def delete_invoice(call: CallDep, invoice: str, body: Because) -> Response:
    """Leave a tombstone; the history stays readable, and creating it again begins the next attempt."""
    wanted = id_in_path(invoice)
    return await call.command(
        lambda answer: delete(
            call.parts.invoices, call.origin(), wanted, reason=body.reason, expected=call.if_match, answer=answer
        ),
        lambda outcome: told(outcome, call.caller),
        forever=True,
    )


@router.post("/acknowledge-change", operation_id="acknowledge_provider_invoice_change", responses=DONE)
@may("provider-invoice.acknowledge-change")
async def acknowledge(call: CallDep, invoice: str, body: Annotated[Reason | None, Body()] = None) -> Response:
    """Take note of what the provider changed; it is no problem any more."""
    wanted = id_in_path(invoice)
    loaded = await load(call.parts.invoices, wanted)
    usage = await usage_of(call.parts.invoices, wanted, loaded.state)
    return await call.command(
        lambda answer: acknowledge_change(
            call.parts.invoices,
            call.origin(),
            wanted,
            reason=body.reason if body else None,
            expected=call.if_match,
            answer=answer,
        ),
        lambda outcome: told(outcome, call.caller, usage),
        forever=True,
    )


@router.post("/cancel", operation_id="cancel_provider_invoice", responses=DONE)
@may("provider-invoice.cancel")
async def cancel_import(call: CallDep, invoice: str, body: Annotated[Reason | None, Body()] = None) -> Response:
    """Stop an import, or give up a manual invoice that waits: `error` with `import_failed`."""
    wanted = id_in_path(invoice)
    return await call.command(
        lambda answer: cancel(
            call.parts.invoices,
            call.origin(),
            wanted,
            reason=body.reason if body else None,
            expected=call.if_match,
            answer=answer,
        ),
        lambda outcome: told(outcome, call.caller),
        forever=True,
    )


@router.post("/release", operation_id="release_provider_invoice_lines", responses=DONE)
@may("provider-invoice.release")
async def release_lines(call: CallDep, invoice: str, body: Release) -> Response:
    """Take lines off a customer invoice that is neither locked nor final; nothing takes them until `reoffer`."""
    wanted = id_in_path(invoice)
    offers = await _offers(call, wanted)
    return await call.command(
        lambda answer: release(
            call.parts.invoices,
            call.origin(),
            wanted,
            customer_invoice=body.customer_invoice,
            reason=body.reason,
            lines=_ranges(body.lines),
            expected=call.if_match,
            answer=answer,
        ),
        lambda moved: _moved(
            call, moved, Usage(_invoiced(offers) > moved.lines, moved.lines > 0 or _released(offers) > 0)
        ),
        forever=True,
    )


@router.post("/reoffer", operation_id="reoffer_provider_invoice_lines", responses=DONE)
@may("provider-invoice.reoffer")
async def reoffer_lines(call: CallDep, invoice: str, body: Reoffer) -> Response:
    """Offer released lines again."""
    wanted = id_in_path(invoice)
    offers = await _offers(call, wanted)
    return await call.command(
        lambda answer: reoffer(
            call.parts.invoices,
            call.origin(),
            wanted,
            reason=body.reason,
            lines=_ranges(body.lines),
            expected=call.if_match,
            answer=answer,
        ),
        lambda moved: _moved(call, moved, Usage(_invoiced(offers) > 0, _released(offers) > moved.lines)),
        forever=True,
    )


async def _offers(call: Call, invoice: UUID) -> list[LoadedOffer]:
    loaded = await load(call.parts.invoices, invoice)
    return await offers_of(call.parts.invoices, invoice, loaded.state.attempt)


def _ranges(lines: Sequence[Lines] | None) -> list[LineRange] | None:
    return None if lines is None else [LineRange(first=r.first, last=r.last) for r in lines]


def _invoiced(offers: Sequence[LoadedOffer]) -> int:
    return sum(t.tally.lines for o in offers for t in o.state.taken.values() if t.kind == "customer-invoice")


def _released(offers: Sequence[LoadedOffer]) -> int:
    return sum(o.state.released_tally.lines for o in offers)


def _moved(call: Call, moved: Moved, usage: Usage) -> Told:
    loaded = moved.loaded
    return Told(
        {
            "id": loaded.id,
            "version": loaded.history.version,
            **invoice_words(loaded.state),
            "lines": moved.lines,
            "cost": exact(moved.cost),
            "currency": loaded.state.header.currency,
            "available_actions": actions_view(loaded.state, usage, call.caller),
        },
        headers=etag(loaded.history.version),
        position=loaded.history.position,
    )
