"""Usage from before a customer's `bill_from` is offered after all once that day is moved back."""

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Final

from commands.handling import Busy
from commands.origin import Origin
from commands.ports.early_lines import EarlyLines, IncludeLines
from commands.ports.event_store import Conflict, Save, Write
from commands.provider_invoice.desk import InvoiceDesk, Loaded, load
from domain.identity import usage_offer_stream
from domain.usage_offer.decisions import include
from domain.usage_offer.state import fold

_TRIES: Final = 20
"""Each loses to somebody else's change of one offer; what was included is not looked at again."""
_TOGETHER: Final = 32


async def include_usage(desk: InvoiceDesk, origin: Origin, bill_from: Mapping[str, date]) -> int:
    """Offer what these customers (by code) have since this day and was excluded by the day that counted before.

    Of present attempts of active provider invoices, each customer's lines of each in a transaction of its own. How many
    lines. A repeat finds nothing, any number of processes may. Busy when others change the offers all the time.
    """
    done = 0
    for _ in range(_TRIES):
        lost = False
        for (invoice, attempt), days in (await desk.lines.early(bill_from)).items():
            loaded = await load(desk, invoice)
            if loaded.state.status != "active" or loaded.state.attempt != attempt:
                continue
            resolution = await desk.lines.resolution_of(invoice, attempt)
            if resolution is None:
                continue
            found = await desk.lines.early_lines(resolution, loaded.state.populations, days)
            for start in range(0, len(found), _TOGETHER):
                some = found[start : start + _TOGETHER]
                included = await asyncio.gather(*(_include(desk, origin, loaded, early) for early in some))
                done += sum(lines for lines in included if lines)
                lost = lost or None in included
        if not lost:
            return done
    raise Busy("The usage offers are being changed by many commands at once.")


async def _include(desk: InvoiceDesk, origin: Origin, loaded: Loaded, early: EarlyLines) -> int | None:
    """How many lines; None: somebody was quicker, and it is to be looked at again."""
    invoice, attempt = loaded.id, loaded.state.attempt
    first = usage_offer_stream(invoice, attempt, early.customer)
    other = usage_offer_stream(invoice, attempt, early.customer, early.since)
    histories = await desk.store.load_many([first, other])
    offer = fold(histories[first].facts)
    if offer is None:
        return 0
    lines = len(early.numbers)
    said, offered = include(
        offer,
        fold(histories[other].facts),
        bill_from=early.since,
        lines=lines,
        cost=early.cost,
        digest=early.digest,
    )
    if not said:
        return 0
    writes = (
        Write(histories[first], tuple(said), record_key=invoice),
        Write(histories[other], tuple(offered), record_key=invoice),
    )
    try:
        await desk.store.append(Save(origin=origin, writes=writes, rows=(IncludeLines(other.id, early),)))
    except Conflict:
        return None
    return lines
