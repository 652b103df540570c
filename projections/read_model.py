"""What every read model is: tables of rows, and for each type of event how it changes one row.

A fold is pure: the row as it is (None: not there yet), the fact and its envelope in, the row as it shall be out.
It needs no other row, no clock and no order between topics, so any interleaving of topics gives the same rows.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from domain.fact import Fact, Topic
from projections.ports.feed import FeedRecord

R = TypeVar("R", bound=tuple[Any, ...])
F = TypeVar("F", bound=Fact)

Document = Mapping[str, Any]
"""A fact as JSON, upcast to its newest version, personal fields still ciphertext."""


@dataclass(frozen=True, slots=True)
class Table(Generic[R]):
    """Rows of one shape: `row` is a NamedTuple whose fields are the columns and whose first field is the key (text)."""

    name: str
    row: type[R]

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names, the key first."""
        return tuple(getattr(self.row, "_fields"))  # noqa: B009 -- every row is a NamedTuple, which no bound can say

    @property
    def key(self) -> str:
        """Name of the key column."""
        return self.columns[0]


@dataclass(frozen=True, slots=True)
class Step:
    """What one type of event does to one row of one table.

    `document` steps get the JSON instead of the fact: what must not be read (ciphertext) need not be decoded.
    `reads` names the fields of the fact that key and fold look at; None: any. A fact of which few are read is decoded
    in a fraction of the time.
    """

    table: str
    type: str
    key: Callable[[Any, FeedRecord], str]
    fold: Callable[[Any, Any, FeedRecord], tuple[Any, ...]]
    document: bool = False
    reads: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class ReadModel:
    """A named set of tables with their steps. `topics` are those whose events it takes: its position is over them."""

    name: str
    topics: frozenset[Topic]
    tables: tuple[Table[Any], ...]
    steps: tuple[Step, ...]
    by_type: Mapping[str, Step] = field(init=False)

    def __post_init__(self) -> None:
        by_type = {s.type: s for s in self.steps}
        if len(by_type) < len(self.steps):
            raise ValueError(f"{self.name}: an event changes one row, but a type has two steps")
        object.__setattr__(self, "by_type", MappingProxyType(by_type))


def stream_id(_fact: Fact | Document, record: FeedRecord) -> str:
    """The usual key: the id of the event's stream."""
    return record.subject.partition("/")[2]


def step(
    table: Table[R],
    fact: type[F],
    fold: Callable[[R | None, F, FeedRecord], R],
    key: Callable[[F, FeedRecord], str] = stream_id,
    *,
    reads: Iterable[str] | None = None,
) -> Step:
    """A step on a decoded fact; `reads` for facts that come by the thousand."""
    fields = None if reads is None else frozenset(reads)
    if fields is not None and not fields <= set(fact.model_fields):
        raise ValueError(f"{fact.type} has no {', '.join(sorted(fields - set(fact.model_fields)))}")
    return Step(table.name, fact.type, key, fold, reads=fields)


def document_steps(
    table: Table[R],
    types: Iterable[str],
    fold: Callable[[R | None, Document, FeedRecord], R],
    key: Callable[[Document, FeedRecord], str] = stream_id,
) -> tuple[Step, ...]:
    """Steps on the JSON of several types of fact."""
    return tuple(Step(table.name, t, key, fold, document=True) for t in types)


class RowMissing(Exception):
    """A fold needs the row that an earlier event makes, and it is not there: the history is not whole."""

    def __init__(self, record: FeedRecord) -> None:
        super().__init__(f"{record.type} of {record.subject} came before the row it changes")


def there(row: R | None, record: FeedRecord) -> R:
    """The row, which must be there."""
    if row is None:
        raise RowMissing(record)
    return row
