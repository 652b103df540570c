"""How a contract's facts change its row."""

from typing import Any

from domain.billing_contract import events as e
from domain.billing_contract.parts import Terms
from projections.billing_contracts.rows import CONTRACTS, BillingContractRow
from projections.ports.feed import FeedRecord
from projections.read_model import step, stream_id, there

Row = BillingContractRow
Maybe = BillingContractRow | None


def signed(_row: Maybe, fact: e.ContractSigned, record: FeedRecord) -> Row:
    """The contract is in force."""
    return BillingContractRow(
        id=stream_id(fact, record),
        number=fact.contract,
        status="active",
        **_terms(fact.terms),
        lines=0,
        kinds=(),
        recorded_on=fact.recorded_on,
        created_at=record.occurred_at,
        created_position=record.position,
        last_event_at=record.occurred_at,
        version=record.stream_version,
        position=record.position,
    )


def amended(row: Maybe, fact: e.ContractAmended, record: FeedRecord) -> Row:
    """Its terms are others."""
    return _changed(there(row, record), record, **_terms(fact.terms))


def ended(row: Maybe, fact: e.ContractEnded, record: FeedRecord) -> Row:
    """It has an end, by command."""
    return _changed(there(row, record), record, status="ended", ends=fact.ends)


def line_added(row: Maybe, fact: e.LineAdded, record: FeedRecord) -> Row:
    """One line more."""
    row = there(row, record)
    kinds = tuple(sorted({*row.kinds, fact.terms.kind}))
    return _changed(row, record, lines=row.lines + 1, kinds=kinds)


Other = e.LineEnded | e.QuantityChanged | e.PriceChanged | e.MilestoneAdded


def touched(row: Maybe, _fact: Other, record: FeedRecord) -> Row:
    """Something that the list does not show; only when it changed."""
    return _changed(there(row, record), record)


def marked(row: Maybe, fact: e.MarkedReady | e.UnmarkedReady, record: FeedRecord) -> Row:
    """A milestone is the contract's own; a transaction has another stream, which has no row here."""
    if row is None or fact.milestone is None:
        return there(row, record)
    return _changed(row, record)


def _owner(_fact: Any, record: FeedRecord) -> str:  # noqa: ANN401 -- of two streams
    return str(record.record_key)


STEPS = (
    step(CONTRACTS, e.ContractSigned, signed),
    step(CONTRACTS, e.ContractAmended, amended),
    step(CONTRACTS, e.ContractEnded, ended),
    step(CONTRACTS, e.LineAdded, line_added),
    step(CONTRACTS, e.LineEnded, touched, reads=("line",)),
    step(CONTRACTS, e.QuantityChanged, touched, reads=("line",)),
    step(CONTRACTS, e.PriceChanged, touched, reads=("line",)),
    step(CONTRACTS, e.MilestoneAdded, touched, reads=("line",)),
    step(CONTRACTS, e.MarkedReady, marked, _owner, reads=("milestone",)),
    step(CONTRACTS, e.UnmarkedReady, marked, _owner, reads=("milestone",)),
)


def _terms(terms: Terms) -> dict[str, Any]:
    return {
        "name": terms.name,
        "customers": tuple(one.customer for one in terms.customers),
        "currency": terms.currency,
        "starts": terms.starts,
        "ends": terms.ends,
        "frequency": terms.frequency,
        "approval": terms.approval,
        "tasks": terms.tasks,
        "time_zone": terms.time_zone,
    }


def _changed(row: Row, record: FeedRecord, **fields: Any) -> Row:  # noqa: ANN401 -- columns of many types
    return row._replace(
        last_event_at=record.occurred_at, version=record.stream_version, position=record.position, **fields
    )
