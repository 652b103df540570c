"""What a customer invoice holds of each usage offer and of each batch of posted purchases."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from domain.customer_invoice import events as e
from domain.money import add, less
from domain.usage_offer.ranges import Ranges, minus, normal


@dataclass(frozen=True, slots=True)
class Holding:
    """What the invoice holds of one usage offer; `currency` is that of the cost."""

    provider_invoice: UUID
    ranges: Ranges
    lines: int
    cost: Decimal
    currency: str
    attempt: int = 0
    name: str = ""
    """The provider and its invoice's number."""


@dataclass(frozen=True, slots=True)
class PostedHolding:
    """What the invoice holds of one batch of posted purchases: all of its rows but those in `removed`."""

    lines: int
    cost: Decimal
    currency: str
    removed: Ranges = ()


@dataclass(frozen=True, slots=True)
class Aside:
    """What an invoice held when a newer one took it over: of each usage offer, and of each posted batch."""

    holdings: Mapping[UUID, Holding]
    posted: Mapping[UUID, PostedHolding]


def rows_of(fact: e.PurchasesAdded) -> int:
    """How many rows ever were in a posted batch: what the digest is over."""
    left = fact.source.without if isinstance(fact.source, e.PostedSource) else ()
    return fact.lines + sum(one.last - one.first + 1 for one in left)


Batch = e.PurchasesAdded | e.PurchasesRemoved


def offered(before: Mapping[UUID, Holding], source: e.PurchaseSource, fact: Batch) -> dict[UUID, Holding]:
    """Holdings of offers after a batch of an offer's lines arrived or left."""
    return (
        _offered_more(before, source, fact)
        if isinstance(fact, e.PurchasesAdded)
        else _offered_less(before, source, fact)
    )


def posted(before: Mapping[UUID, PostedHolding], source: e.PostedSource, fact: Batch) -> dict[UUID, PostedHolding]:
    """Holdings of posted batches after one arrived, or rows of one left."""
    if isinstance(fact, e.PurchasesAdded):
        return {**before, source.batch: PostedHolding(fact.lines, fact.cost, fact.currency, source.without)}
    rest, held = dict(before), before.get(source.batch)
    if held is None:
        return rest
    if fact.lines < held.lines and source.ranges:
        rest[source.batch] = replace(
            held,
            lines=held.lines - fact.lines,
            cost=less(held.cost, fact.cost),
            removed=normal((*held.removed, *source.ranges)),
        )
    else:
        del rest[source.batch]
    return rest


def _offered_more(
    before: Mapping[UUID, Holding], source: e.PurchaseSource, fact: e.PurchasesAdded
) -> dict[UUID, Holding]:
    held = before.get(source.offer)
    holding = Holding(
        provider_invoice=source.provider_invoice,
        ranges=normal((*(held.ranges if held else ()), *source.ranges)),
        lines=(held.lines if held else 0) + fact.lines,
        cost=add(held.cost if held else Decimal(0), fact.cost),
        currency=fact.currency,
        attempt=source.attempt,
        name=f"{source.provider} {source.invoice_number}",
    )
    return {**before, source.offer: holding}


def _offered_less(
    before: Mapping[UUID, Holding], source: e.PurchaseSource, fact: e.PurchasesRemoved
) -> dict[UUID, Holding]:
    rest, held = dict(before), before.get(source.offer)
    if held is None:
        return rest
    ranges = minus(held.ranges, source.ranges)
    if fact.lines < held.lines and ranges:
        rest[source.offer] = replace(
            held, ranges=ranges, lines=held.lines - fact.lines, cost=less(held.cost, fact.cost)
        )
    else:
        del rest[source.offer]
    return rest
