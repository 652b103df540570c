"""How a usage offer's facts move its lines from state to state. The states add up to what was billable."""

from decimal import Decimal
from typing import Any

from domain.money import EXACT, add
from domain.usage_offer import events as e
from domain.usage_offer.state import fewer_excluded
from projections.ports.feed import FeedRecord
from projections.provider_invoices.rows import USAGE, UsageRow
from projections.read_model import step, stream_id, there

Maybe = UsageRow | None
NONE = Decimal(0)


def offered(_row: Maybe, fact: e.UsageOffered, record: FeedRecord) -> UsageRow:
    """What is billable of this customer's lines, and what is not and why."""
    return UsageRow(
        id=stream_id(fact, record),
        provider_invoice=str(fact.provider_invoice),
        provider=fact.provider,
        number=fact.invoice_number,
        attempt=fact.attempt,
        customer=fact.customer,
        currency=fact.currency,
        billable_lines=fact.lines,
        billable_cost=fact.cost,
        offered_lines=fact.lines,
        offered_cost=fact.cost,
        waiting_lines=0,
        waiting_cost=NONE,
        invoiced_lines=0,
        invoiced_cost=NONE,
        released_lines=0,
        released_cost=NONE,
        withdrawn_lines=0,
        withdrawn_cost=NONE,
        excluded_lines=sum(x.lines for x in fact.excluded),
        excluded_cost=add(*(x.cost for x in fact.excluded)),
        excluded=tuple(x.model_dump(mode="json") for x in fact.excluded),
        version=record.stream_version,
        position=record.position,
    )


def included(row: Maybe, fact: e.UsageIncluded, record: FeedRecord) -> UsageRow:
    """Lines that another offer has now are no longer excluded."""
    row = there(row, record)
    excluded = fewer_excluded([e.ExcludedLines.model_validate(x) for x in row.excluded], fact)
    return _changed(
        row,
        record,
        {
            "excluded_lines": sum(x.lines for x in excluded),
            "excluded_cost": add(*(x.cost for x in excluded)),
            "excluded": tuple(x.model_dump(mode="json") for x in excluded),
        },
    )


def invoiced(row: Maybe, fact: e.LinesInvoiced, record: FeedRecord) -> UsageRow:
    """On a customer invoice; lines for a schedule or an inbox wait."""
    row = there(row, record)
    moved: dict[str, Any] = {
        "offered_lines": row.offered_lines - fact.lines,
        "offered_cost": EXACT.subtract(row.offered_cost, fact.cost),
    }
    if fact.destination_kind == "customer-invoice":
        moved |= {
            "invoiced_lines": row.invoiced_lines + fact.lines,
            "invoiced_cost": add(row.invoiced_cost, fact.cost),
        }
    else:
        moved |= {"waiting_lines": row.waiting_lines + fact.lines, "waiting_cost": add(row.waiting_cost, fact.cost)}
    return _changed(row, record, moved)


def released(row: Maybe, fact: e.LinesReleased, record: FeedRecord) -> UsageRow:
    """Off a customer invoice; nothing takes them until they are offered again."""
    row = there(row, record)
    return _changed(
        row,
        record,
        {
            "invoiced_lines": row.invoiced_lines - fact.lines,
            "invoiced_cost": EXACT.subtract(row.invoiced_cost, fact.cost),
            "released_lines": row.released_lines + fact.lines,
            "released_cost": add(row.released_cost, fact.cost),
        },
    )


def reoffered(row: Maybe, fact: e.LinesReoffered, record: FeedRecord) -> UsageRow:
    """May be billed again."""
    row = there(row, record)
    return _changed(
        row,
        record,
        {
            "released_lines": row.released_lines - fact.lines,
            "released_cost": EXACT.subtract(row.released_cost, fact.cost),
            "offered_lines": row.offered_lines + fact.lines,
            "offered_cost": add(row.offered_cost, fact.cost),
        },
    )


def withdrawn(row: Maybe, fact: e.UsageWithdrawn, record: FeedRecord) -> UsageRow:
    """What was offered, waiting or released is withdrawn."""
    return _changed(
        there(row, record),
        record,
        {
            "offered_lines": 0,
            "offered_cost": NONE,
            "waiting_lines": 0,
            "waiting_cost": NONE,
            "released_lines": 0,
            "released_cost": NONE,
            "withdrawn_lines": fact.lines,
            "withdrawn_cost": fact.cost,
        },
    )


STEPS = (
    step(USAGE, e.UsageOffered, offered),
    step(USAGE, e.UsageIncluded, included),
    step(USAGE, e.LinesInvoiced, invoiced, reads=("lines", "cost", "destination_kind")),
    step(USAGE, e.LinesReleased, released),
    step(USAGE, e.LinesReoffered, reoffered),
    step(USAGE, e.UsageWithdrawn, withdrawn),
)


def _changed(row: UsageRow, record: FeedRecord, moved: dict[str, Any]) -> UsageRow:
    return row._replace(version=record.stream_version, position=record.position, **moved)
