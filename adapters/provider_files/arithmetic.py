"""A line's own arithmetic, as Microsoft documents it. A difference is a warning and never blocks.

| file | amount |
|---|---|
| reconciliation, usage | ROUNDDOWN(ROUNDDOWN(price x quantity, 2) x rate, 2) |
| reconciliation, seats | ROUNDDOWN(price x rate, 2) x quantity |
| daily rated | FLOOR(price x quantity x rate, 2) |

ROUNDDOWN cuts towards zero, FLOOR downwards: they differ for credits.
"""

from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_FLOOR, Decimal

import pyarrow as pa
import pyarrow.compute as pc

from adapters.provider_files.batch import Batch
from adapters.provider_files.canonical_rows import CanonicalRows
from adapters.provider_files.cells import Arrow
from adapters.provider_files.decimal_cells import DECIMAL, decimal_cells
from adapters.provider_files.line_class import Classes
from adapters.provider_files.plan import Plan
from commands.ports.provider_files import LineWarning
from domain.money import EXACT, plain

_RATE = "PCToBCExchangeRate"
_CENT = Decimal("0.01")
_FACTOR = pa.decimal256(24, 15)  # three of them multiply within 76 digits; larger ones take the slower way


class Arithmetic:
    """Checks the lines of one file and keeps the first differences."""

    def __init__(self, plan: Plan, most: int) -> None:
        self._plan = plan
        self._most = most
        self.warnings: list[LineWarning] = []
        self.total = 0

    def check(self, batch: Batch, rows: CanonicalRows, classes: Classes) -> None:
        """Compare each line's amount with what its formula gives; lines without a factor are passed over."""
        formula = self._plan.mapping.arithmetic
        if formula == "none" or not len(batch):
            return
        style = self._plan.mapping.numbers
        price = decimal_cells(batch.field(self._plan, "unit_price"), style).values
        quantity = decimal_cells(batch.field(self._plan, "quantity"), style).values
        rate = decimal_cells(batch.column(_RATE), style).values
        if formula == "microsoft-daily-rated":
            expected = _column(price, quantity, rate, _daily, daily)
        else:
            expected = pc.if_else(
                _is_usage(classes, len(batch)),
                _column(price, quantity, rate, _usage, usage),
                _column(price, quantity, rate, _seats, seats),
            )
        differs = pc.fill_null(pc.not_equal(expected, rows.amounts), False)
        if not differs.true_count:
            return
        self.total += differs.true_count
        room = self._most - len(self.warnings)
        found = [column.filter(differs).slice(0, room).to_pylist() for column in (rows.numbers, expected, rows.amounts)]
        column = self._plan.column("amount")
        for line, wanted, stated in zip(*found, strict=True):
            self.warnings.append(
                LineWarning(
                    line=line,
                    code="line-arithmetic",
                    column=column,
                    message=f"line {line}: {column} is {plain(stated)}, "
                    f"its price, quantity and rate give {plain(wanted)}",
                    expected=wanted,
                    found=stated,
                )
            )


def usage(price: Decimal, quantity: Decimal, rate: Decimal) -> Decimal:
    """A usage line of the reconciliation."""
    return _down(EXACT.multiply(_down(EXACT.multiply(price, quantity)), rate))


def seats(price: Decimal, quantity: Decimal, rate: Decimal) -> Decimal:
    """A seat line of the reconciliation."""
    return EXACT.multiply(_down(EXACT.multiply(price, rate)), quantity)


def daily(price: Decimal, quantity: Decimal, rate: Decimal) -> Decimal:
    """A line of the daily file."""
    product = EXACT.multiply(EXACT.multiply(price, quantity), rate)
    return product.quantize(_CENT, rounding=ROUND_FLOOR, context=_CUTTING)


def _down(value: Decimal) -> Decimal:
    return value.quantize(_CENT, rounding=ROUND_DOWN, context=_CUTTING)


_CUTTING = EXACT.copy()
_CUTTING.clear_traps()


def _usage(price: Arrow, quantity: Arrow, rate: Arrow) -> Arrow:
    return _cut(pc.multiply(_cut(pc.multiply(price, quantity), "towards_zero"), rate), "towards_zero")


def _seats(price: Arrow, quantity: Arrow, rate: Arrow) -> Arrow:
    return pc.multiply(_cut(pc.multiply(price, rate), "towards_zero"), quantity)


def _daily(price: Arrow, quantity: Arrow, rate: Arrow) -> Arrow:
    return _cut(pc.multiply(pc.multiply(price, quantity), rate), "down")


def _cut(value: Arrow, mode: str) -> Arrow:
    return pc.round(value, ndigits=2, round_mode=mode).cast(pa.decimal256(35, 2))


def _column(
    price: Arrow,
    quantity: Arrow,
    rate: Arrow,
    fast: Callable[[Arrow, Arrow, Arrow], Arrow],
    exact: Callable[[Decimal, Decimal, Decimal], Decimal],
) -> Arrow:
    try:
        return fast(price.cast(_FACTOR), quantity.cast(_FACTOR), rate.cast(_FACTOR)).cast(DECIMAL)
    except pa.ArrowInvalid:
        factors = zip(price.to_pylist(), quantity.to_pylist(), rate.to_pylist(), strict=True)
        return pa.array([_storable(exact, *three) if None not in three else None for three in factors], DECIMAL)


def _storable(exact: Callable[[Decimal, Decimal, Decimal], Decimal], *factors: Decimal) -> Decimal | None:
    value = exact(*factors)
    return value if value.adjusted() < 23 else None  # noqa: PLR2004 - numeric(38,15)


def _is_usage(classes: Classes, count: int) -> Arrow:
    flags = [one.kind == "usage" for one in classes.classes]
    if classes.which is None:
        return pa.repeat(pa.scalar(flags[0]), count)
    return pa.array(flags, pa.bool_()).take(classes.which)
