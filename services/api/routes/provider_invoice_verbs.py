"""What is done with a provider invoice: activate, deactivate, release, reoffer, acknowledge, cancel, delete."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import Field
from starlette.responses import Response

from commands.caller import Caller
from commands.provider_invoice.acknowledge_change import acknowledge_change
from commands.provider_invoice.activate import activate
from commands.provider_invoice.cancel import cancel
from commands.provider_invoice.desk import InvoiceDesk, Outcome
from commands.provider_invoice.release import Moved, release
from commands.provider_invoice.reoffer import reoffer
from commands.provider_invoice.take_out import deactivate, delete
from domain.provider_invoice.checksum import Override
from domain.usage_offer.events import LineRange
from services.api.access import may
from services.api.call import Call, CallDep, Told, etag
from services.api.fields import Amount, ReasonText
from services.api.models import RequestBody
from services.api.provider_invoice_verb import Verb, run_verb, run_verb_telling
from services.api.provider_invoice_view import actions_view, invoice_words
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
    override = body.override_checksum if body else None
    if override is not None:
        call.caller.require("provider-invoice.override-checksum")
    return await _run(call, invoice, partial(activate, override=override.wish() if override else None))


@router.post("/deactivate", operation_id="deactivate_provider_invoice", responses=DONE)
@may("provider-invoice.deactivate")
async def deactivate_invoice(call: CallDep, invoice: str, body: Because) -> Response:
    """Take an active invoice out so that it can be synced again; 409 `lines-invoiced` while one of its lines is."""
    return await _run(call, invoice, partial(deactivate, reason=body.reason))


@router.delete("", operation_id="delete_provider_invoice", responses=DONE)
@may("provider-invoice.delete")
async def delete_invoice(call: CallDep, invoice: str, body: Because) -> Response:
    """Leave a tombstone; the history stays readable, and creating it again begins the next attempt."""
    return await _run(call, invoice, partial(delete, reason=body.reason))


@router.post("/acknowledge-change", operation_id="acknowledge_provider_invoice_change", responses=DONE)
@may("provider-invoice.acknowledge-change")
async def acknowledge(call: CallDep, invoice: str, body: Annotated[Reason | None, Body()] = None) -> Response:
    """Take note of what the provider changed; it is no problem any more."""
    return await _run(call, invoice, partial(acknowledge_change, reason=body.reason if body else None))


@router.post("/cancel", operation_id="cancel_provider_invoice", responses=DONE)
@may("provider-invoice.cancel")
async def cancel_import(call: CallDep, invoice: str, body: Annotated[Reason | None, Body()] = None) -> Response:
    """Stop an import, or give up a manual invoice that waits: `error` with `import_failed`."""
    return await _run(call, invoice, partial(cancel, reason=body.reason if body else None))


@router.post("/release", operation_id="release_provider_invoice_lines", responses=DONE)
@may("provider-invoice.release")
async def release_lines(call: CallDep, invoice: str, body: Release) -> Response:
    """Take lines off a customer invoice that is neither locked nor final; nothing takes them until `reoffer`."""
    verb = partial(release, customer_invoice=body.customer_invoice, reason=body.reason, lines=_ranges(body.lines))
    return await _move(call, invoice, verb)


@router.post("/reoffer", operation_id="reoffer_provider_invoice_lines", responses=DONE)
@may("provider-invoice.reoffer")
async def reoffer_lines(call: CallDep, invoice: str, body: Reoffer) -> Response:
    """Offer released lines again."""
    return await _move(call, invoice, partial(reoffer, reason=body.reason, lines=_ranges(body.lines)))


async def _run(call: Call, invoice: str, verb: Verb[InvoiceDesk, Outcome]) -> Response:
    return await run_verb(call, call.parts.invoices, invoice, verb)


async def _move(call: Call, invoice: str, verb: Verb[InvoiceDesk, Moved]) -> Response:
    return await run_verb_telling(call, call.parts.invoices, invoice, verb, lambda moved: _moved(moved, call.caller))


def _ranges(lines: Sequence[Lines] | None) -> list[LineRange] | None:
    return None if lines is None else [LineRange(first=r.first, last=r.last) for r in lines]


def _moved(moved: Moved, caller: Caller) -> Told:
    loaded = moved.loaded
    return Told(
        {
            "id": loaded.id,
            "version": loaded.history.version,
            **invoice_words(loaded.state),
            "lines": moved.lines,
            "cost": exact(moved.cost),
            "currency": loaded.state.header.currency,
            "available_actions": actions_view(loaded.state, moved.usage, caller),
        },
        headers=etag(loaded.history.version),
        position=loaded.history.position,
    )
