"""Ask for a sync: checked at once, done by a worker."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from commands.handling import Done
from commands.operations.request import request_operation
from commands.origin import Origin
from commands.ports.event_store import Answer
from commands.ports.operations import Operation
from commands.sync.adjusting import IMPORT_INVOICE
from commands.sync.desk import SyncDesk
from domain.identity import normal, provider_invoice_stream
from domain.money import plain
from domain.provider_invoice.checksum import Override
from domain.provider_invoice.lifecycle import expect_reason, plan_sync
from domain.provider_invoice.state import fold
from domain.rejected import Rejected

PROVIDER_SYNC: Final = "provider-sync"
"""A kind of operation. Input: provider (null: all), day, manual, invoice_number?, override_checksum?."""


async def request_sync(
    desk: SyncDesk,
    origin: Origin,
    provider: str,
    *,
    invoice_number: str | None = None,
    override: Override | None = None,
    answer: Callable[[Operation], Answer | None] | None = None,
) -> Done[Operation]:
    """A sync by hand: of one invoice, or without a number what the daily sync would do now with the provider.

    Rejected: `provider-missing`, `provider-not-automatic`, `provider-invoice-active` and what else `plan_sync` refuses;
    `override-needs-number`, as an override is about one invoice's figures.
    """
    known = await desk.invoices.reference.provider(provider)
    if known is None:
        raise Rejected("not-found", f"There is no provider {provider[:64]!r} in use.", kind="missing")
    code = known.body.code
    if known.body.mode != "automatic":
        raise Rejected(
            "provider-not-automatic", f"{code} has no connection: its invoices are typed in or uploaded instead."
        )
    number = normal(invoice_number) if invoice_number is not None else None
    waived = None
    if override is not None:
        if number is None:
            raise Rejected(
                "override-needs-number",
                "Name the invoice whose checksum is to be overridden: invoice_number is missing.",
                kind="invalid",
            )
        difference = None if override.difference is None else plain(override.difference)
        waived = {"reason": expect_reason(override.reason), "difference": difference}
    if number is not None:
        history = await desk.invoices.store.load(provider_invoice_stream(code, number))
        state = fold(history.facts)
        plan_sync(state, manual=True)
        if state is not None and state.adjusts is not None:  # no provider lists an adjustment
            if override is not None:
                raise Rejected(
                    "is-an-adjustment", f"{number} is an adjustment: override its checksum by activating it."
                )
            invoice = str(history.stream.id)
            return await request_operation(
                desk.invoices.store,
                desk.operations,
                origin,
                kind=IMPORT_INVOICE,
                key=invoice,
                input={"provider_invoice": invoice},
                unit="lines",
                answer=answer,
            )
    return await request_operation(
        desk.invoices.store,
        desk.operations,
        origin,
        kind=PROVIDER_SYNC,
        key=_key(code, number, waived),
        input={
            "provider": code,
            "day": origin.business_date.isoformat(),
            "manual": True,
            "invoice_number": number,
            "override_checksum": waived,
        },
        unit="items" if number is None else "lines",
        answer=answer,
    )


def _key(provider: str, number: str | None, waived: Mapping[str, str | None] | None) -> str:
    """What makes two requests the same one while the first is under way; a code has neither slash nor colon."""
    if number is None:
        return provider
    named = f"{provider}/{number}"
    return named if waived is None else f"override:{waived['difference'] or ''}:{named}"


async def request_daily_sync(desk: SyncDesk, origin: Origin, day: date) -> Operation:
    """The daily sync of all providers with `automatic_sync`; one that runs already is joined.

    With an origin whose command id is made of the job's run, repeating it after its end gives the same operation.
    """
    done = await request_operation(
        desk.invoices.store,
        desk.operations,
        origin,
        kind=PROVIDER_SYNC,
        key="*",
        input={"provider": None, "day": day.isoformat(), "manual": False},
    )
    return done.outcome
