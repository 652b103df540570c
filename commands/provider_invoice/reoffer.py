"""Offer released lines again, so that they can be billed."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from commands.handling import Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.ports.event_store import Save, Write
from commands.provider_invoice.desk import InvoiceDesk, load
from commands.provider_invoice.offered import OfferedLines
from commands.provider_invoice.offers import offers_of
from commands.provider_invoice.release import Moved, MovedAnswering, after_moves
from domain.fact import Fact
from domain.money import add
from domain.provider_invoice.lifecycle import expect_reason
from domain.rejected import Rejected
from domain.usage_offer import decisions
from domain.usage_offer.events import LineRange
from domain.usage_offer.state import evolve


async def reoffer(
    desk: InvoiceDesk,
    origin: Origin,
    invoice: UUID,
    *,
    reason: str,
    lines: Sequence[LineRange] | None = None,
    expected: int | None = None,
    answer: MovedAnswering = None,
) -> Done[Moved]:
    """Released lines (all of them, if none are named) may be billed again. Offered already: nothing.

    Rejected `lines-not-released` when one of the named lines is on a customer invoice.
    """
    why = expect_reason(reason)

    async def decide() -> Decided[Moved]:
        loaded = await load(desk, invoice)
        expect_version(loaded.history.version, expected)
        if loaded.state.status != "active":
            raise Rejected("not-active", f"{loaded.state.number} is {loaded.state.status}: its usage is not offered.")
        writes: list[Write] = []
        count, cost = 0, Decimal(0)
        for offer in await offers_of(desk, invoice, loaded.state.attempt):
            wanted = offer.state.released if lines is None else lines
            if not wanted:
                continue
            offered = await OfferedLines.load(desk, loaded, offer.state)
            state, said = offer.state, list[Fact]()
            async for chosen in offered.parts(wanted):
                facts = decisions.reoffer(
                    state, ranges=chosen.ranges, lines=chosen.lines, cost=chosen.batch.cost, reason=why
                )
                for fact in facts:
                    state = evolve(state, fact) or state
                said += facts
                if facts:
                    count, cost = count + chosen.lines, add(cost, chosen.batch.cost)
            if said:
                writes.append(Write(offer.history, tuple(said), record_key=invoice))
        save = Save(origin=origin, writes=tuple(writes)) if writes else None
        return Decided(save, await after_moves(desk, Moved(loaded, count, cost), writes))

    return await settle(desk.store, origin, decide, answer)
