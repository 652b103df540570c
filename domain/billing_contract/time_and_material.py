"""Which transactions a run takes, and what they come to.

Only what is ready, each once; those up to the cut-off, and older ones that no run has taken come along.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

TransactionClass = Literal["time", "expense", "material", "fee"]


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
        raise NotImplementedError


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
    """Those that a run takes. `cut_off` None: of any day, the one last run."""
    raise NotImplementedError


def takings(transactions: Iterable[Transaction], currency: str) -> Takings:
    """What taken transactions come to."""
    raise NotImplementedError


def left_behind(transactions: Iterable[Transaction], classes: Collection[TransactionClass]) -> tuple[Transaction, ...]:
    """Those that nothing will take once the line has ended (problem `unbilled_at_end`): not ready."""
    raise NotImplementedError
