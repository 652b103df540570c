"""Which transactions a run takes, and what they come to.

Only what is ready, each once; those up to the cut-off, and older ones that no run has taken come along.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from domain.money import add, rounded, times

TransactionClass = Literal["time", "expense", "material", "fee"]
_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Transaction:
    """Work, an expense, material or a fee; `cost`: of all of it, in the contract's currency; None: not known.

    `customer`: who alone is billed for it; None: it is split by shares. `taken`: on a live invoice, or cancelled.
    """

    id: str
    day: date
    kind: TransactionClass
    quantity: Decimal
    price: Decimal
    cost: Decimal | None = None
    customer: str | None = None
    ready: bool = False
    taken: bool = False

    @property
    def exact(self) -> Decimal:
        """Quantity x price, exact, shown unrounded."""
        return times(self.quantity, self.price)


@dataclass(frozen=True, slots=True)
class Takings:
    """What a run takes in order of day and id; `common` is split by shares, `named` are amounts of one customer each.

    Amounts are rounded once each; `common_cost` and `named_costs` are exact, of those whose cost is known.
    """

    transactions: tuple[Transaction, ...]
    common: Decimal
    named: tuple[tuple[str, Decimal], ...]
    common_cost: Decimal | None
    named_costs: tuple[tuple[str, Decimal], ...]
    without_cost: int


def take(
    transactions: Iterable[Transaction], classes: Collection[TransactionClass], cut_off: date | None
) -> tuple[Transaction, ...]:
    """Those that a run takes, in order of day and id. `cut_off` None: of any day, the one last run."""
    return _ordered(
        one
        for one in transactions
        if one.ready and not one.taken and one.kind in classes and (cut_off is None or one.day <= cut_off)
    )


def takings(transactions: Iterable[Transaction], currency: str) -> Takings:
    """What taken transactions come to."""
    ordered = _ordered(transactions)
    exact: dict[str | None, Decimal] = {}
    costs: dict[str | None, Decimal] = {}
    for one in ordered:
        exact[one.customer] = add(exact.get(one.customer, _NOTHING), one.exact)
        if one.cost is not None:
            costs[one.customer] = add(costs.get(one.customer, _NOTHING), one.cost)
    return Takings(
        transactions=ordered,
        common=rounded(exact.get(None, _NOTHING), currency),
        named=tuple((name, rounded(exact[name], currency)) for name in sorted(filter(None, exact))),
        common_cost=costs.get(None),
        named_costs=tuple((name, costs[name]) for name in sorted(filter(None, costs))),
        without_cost=sum(one.cost is None for one in ordered),
    )


def left_behind(transactions: Iterable[Transaction], classes: Collection[TransactionClass]) -> tuple[Transaction, ...]:
    """Those that nothing will take once the line has ended (problem `unbilled_at_end`): not ready."""
    return _ordered(one for one in transactions if not one.ready and not one.taken and one.kind in classes)


def _ordered(transactions: Iterable[Transaction]) -> tuple[Transaction, ...]:
    return tuple(sorted(transactions, key=lambda one: (one.day, one.id)))
