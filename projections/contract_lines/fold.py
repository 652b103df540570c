"""The read model `contract_lines`: what each line of a contract is about, and its quantities."""

from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from domain.billing_contract import events as e
from domain.billing_contract.parts import FixedPriceTerms, MilestoneTerms, SubscriptionTerms
from domain.money import plain
from projections.ports.feed import FeedRecord
from projections.read_model import ReadModel, Table, step, stream_id, there


class ContractLineRow(NamedTuple):
    """One line. `quantities`: {day, quantity} of a subscription, as they were told; `price`: the last one told;
    `milestones`: {name, day, amount, ready} of a fixed price, as they are now.
    """

    id: str
    contract: str
    contract_id: str
    line: str
    name: str
    kind: str
    product: str | None
    subscription: str | None
    starts: date
    ends: date | None
    quantities: tuple[dict[str, Any], ...]
    price: Decimal | None
    version: int
    position: int
    milestones: tuple[dict[str, Any], ...] = ()


LINES: Final = Table("contract_lines", ContractLineRow)
Row = ContractLineRow
Maybe = ContractLineRow | None
Changing = e.LineAdded | e.LineEnded | e.QuantityChanged | e.PriceChanged | e.MilestoneAdded


def key(fact: Changing, record: FeedRecord) -> str:
    """The contract's id, a colon, and the line's code."""
    return f"{stream_id(fact, record)}:{fact.line}"


def added(_row: Maybe, fact: e.LineAdded, record: FeedRecord) -> Row:
    """It begins."""
    terms = fact.terms
    subscription = terms if isinstance(terms, SubscriptionTerms) else None
    return ContractLineRow(
        id=key(fact, record),
        contract=fact.contract,
        contract_id=stream_id(fact, record),
        line=fact.line,
        name=fact.name,
        kind=terms.kind,
        product=None if subscription is None else subscription.product,
        subscription=None if subscription is None else subscription.subscription,
        starts=fact.starts,
        ends=fact.ends,
        quantities=() if subscription is None else (_quantity(fact.starts, subscription.quantity),),
        price=None if subscription is None else subscription.price,
        version=record.stream_version,
        position=record.position,
        milestones=tuple(map(_milestone, terms.milestones)) if isinstance(terms, FixedPriceTerms) else (),
    )


def ended(row: Maybe, fact: e.LineEnded, record: FeedRecord) -> Row:
    """It has an end of its own."""
    return _changed(there(row, record), record, ends=fact.ends)


def quantity(row: Maybe, fact: e.QuantityChanged, record: FeedRecord) -> Row:
    """Another quantity from a day on."""
    row = there(row, record)
    return _changed(row, record, quantities=(*row.quantities, _quantity(fact.day, fact.quantity)))


def price(row: Maybe, fact: e.PriceChanged, record: FeedRecord) -> Row:
    """Another price from a day on."""
    return _changed(there(row, record), record, price=fact.price)


def milestone(row: Maybe, fact: e.MilestoneAdded, record: FeedRecord) -> Row:
    """One more."""
    row = there(row, record)
    return _changed(row, record, milestones=(*row.milestones, _milestone(fact.milestone)))


def ready(row: Maybe, fact: e.MarkedReady, record: FeedRecord) -> Row:
    """A milestone is ready."""
    return _marked(row, fact.milestone, record, ready=True)


def unready(row: Maybe, fact: e.UnmarkedReady, record: FeedRecord) -> Row:
    """It is not, after all."""
    return _marked(row, fact.milestone, record, ready=False)


def owner(fact: e.MarkedReady | e.UnmarkedReady, record: FeedRecord) -> str:
    """The line's key: what is said of transactions stands in a stream of theirs."""
    return f"{record.record_key}:{fact.line}"


CONTRACT_LINES: Final = ReadModel(
    name="contract_lines",
    topics=frozenset({"billing-contract"}),
    tables=(LINES,),
    steps=(
        step(LINES, e.LineAdded, added, key),
        step(LINES, e.LineEnded, ended, key),
        step(LINES, e.QuantityChanged, quantity, key),
        step(LINES, e.PriceChanged, price, key),
        step(LINES, e.MilestoneAdded, milestone, key),
        step(LINES, e.MarkedReady, ready, owner, reads=("line", "milestone")),
        step(LINES, e.UnmarkedReady, unready, owner, reads=("line", "milestone")),
    ),
)


def _quantity(day: date, value: Decimal) -> dict[str, Any]:
    return {"day": day.isoformat(), "quantity": plain(value)}


def _marked(row: Maybe, name: str | None, record: FeedRecord, *, ready: bool) -> Row:
    """What is said of a transaction is no matter of the line."""
    row = there(row, record)
    if name is None:
        return row
    now = tuple(one | {"ready": ready} if one["name"] == name else one for one in row.milestones)
    return _changed(row, record, milestones=now)


def _milestone(one: MilestoneTerms) -> dict[str, Any]:
    return {"name": one.name, "day": one.day.isoformat(), "amount": plain(one.amount), "ready": one.ready}


def _changed(row: Row, record: FeedRecord, **fields: Any) -> Row:  # noqa: ANN401 -- columns of many types
    return row._replace(version=record.stream_version, position=record.position, **fields)
