"""What each customer has, added up from outlines: sums, digests and line numbers, by customer and reason."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, get_args

import pyarrow as pa
import pyarrow.compute as pc

from adapters.provider_files.cells import Arrow
from adapters.provider_files.decimal_cells import decimal_cells, exact_sum
from adapters.provider_files.mapping import Numbers
from domain.usage_offer.events import Exclusion

REASONS: Final = ("", *get_args(Exclusion))
"""Why a line is not billed on; '' is billed on."""
_EPOCH: Final = date(1970, 1, 1)
_NEVER: Final = -(2**31)
_DATED, _NOBODY, _SOLD = -1, 0, 1
_BAND: Final = 100_000
"""Lines that are made text of at once."""
_PLACES: Final = 8
"""A key is a customer's place in order, times this, plus the place of the reason."""

Meaning = tuple[int | None, int | None, str | None]
"""What a reference means in a period: first day, first day that it no longer holds (from 1970-01-01), code."""


@dataclass(frozen=True, slots=True)
class Tally:
    """One row of line_tally; from `digest` on only where it is billed on: numbers as PostgreSQL's text of an array."""

    customer: str
    excluded: str
    lines: int
    cost: Decimal
    digest: str | None
    numbers: str | None
    first_day: date | None
    last_day: date | None


@dataclass(frozen=True, slots=True)
class Rules:
    """What a resolution says: meanings by reference, days from which customers are billed, reasons.

    `exclusions` has a line's reason by its class, and by whether its customer is known, its product is resold, and it
    is from before its customer is billed.
    """

    customers: Mapping[str, Sequence[Meaning]]
    products: Mapping[str, Sequence[Meaning]]
    bill_from: Mapping[str, date]
    exclusions: Mapping[tuple[str, bool, bool, bool], str]


class Tallying:
    """Adds up the lines of one slice of the customers; memory grows with these lines (about 50 bytes each)."""

    def __init__(self, rules: Rules, *, slices: int = 1, number: int = 0) -> None:
        codes = {code for meanings in rules.customers.values() for _, _, code in meanings if code is not None}
        self._codes = ["", *sorted(codes)]
        places = {code: place for place, code in enumerate(self._codes) if place}
        self._customers = _Places(rules.customers, {**places})
        sold = {code: _SOLD for meanings in rules.products.values() for _, _, code in meanings if code is not None}
        self._products = _Places(rules.products, sold)
        days = [rules.bill_from.get(code) for code in self._codes]
        self._bill_from = pa.array([(day - _EPOCH).days if day else _NEVER for day in days], pa.int32())
        self._exclusions = {key: REASONS.index(reason) for key, reason in rules.exclusions.items()}
        self._slices, self._number = slices, number
        self._keys: list[Arrow] = []
        self._lines: list[Arrow] = []
        self._days: list[Arrow] = []
        self._amounts: list[Arrow] = []

    def see(self, *outlines: Arrow) -> None:
        """Take in outlines."""
        for outline in outlines:
            self._see(outline)

    def _see(self, outline: Arrow) -> None:
        days = outline.column("day")
        who = self._customers.of(outline.column("customer"), days)
        sold = self._products.of(outline.column("product"), days)
        early = pc.less(days, self._bill_from.take(who))
        keys = pc.add(pc.multiply(who, _PLACES), self._reasons(outline.column("class"), who, sold, early))
        columns = (keys.cast(pa.int32()), outline.column("number"), days, outline.column("amount"))
        if self._slices > 1:
            wanted = pc.equal(pc.subtract(who, pc.multiply(pc.divide(who, self._slices), self._slices)), self._number)
            columns = tuple(column.filter(wanted) for column in columns)
        for held, column in zip((self._keys, self._lines, self._days, self._amounts), columns, strict=True):
            held.append(column)

    def _reasons(self, classes: Arrow, who: Arrow, sold: Arrow, early: Arrow) -> Arrow:
        """From three yes-or-no columns and the class to one small number, and from that to the reason."""
        flags = pc.add(pc.multiply(pc.min_element_wise(who, 1), 4), pc.multiply(sold, 2))
        states = pc.add(pc.add(pc.multiply(classes.indices, 8), flags), early.cast(pa.int32()))
        reasons = [
            self._exclusions[name, customer, product, before]
            for name in classes.dictionary.to_pylist()
            for customer in (False, True)
            for product in (False, True)
            for before in (False, True)
        ]
        return pa.array(reasons, pa.int32()).take(states)

    def result(self) -> Iterator[list[Tally]]:
        """What was added up, by customer and reason, a few customers at a time."""
        if not self._keys:
            return
        keys, numbers = _joined(self._keys), _joined(self._lines)
        days, amounts = _joined(self._days), _joined(self._amounts)
        order = _order(keys, numbers)
        groups = pc.run_end_encode(keys.take(order))
        del keys
        first, ends, band = 0, 0, list[tuple[int, int]]()
        for key, end in zip(groups.values.to_pylist(), groups.run_ends.to_pylist(), strict=True):
            band.append((key, end - ends))
            ends = end
            if end - first >= _BAND or end == len(order):
                places = order.slice(first, end - first)
                yield list(self._added_up(band, *(column.take(places) for column in (numbers, days, amounts))))
                first, band = end, []

    def _added_up(self, groups: list[tuple[int, int]], numbers: Arrow, days: Arrow, amounts: Arrow) -> Iterator[Tally]:
        numbers = numbers.cast(pa.string())
        values = decimal_cells(amounts, Numbers()).values
        rows = _Stretches(pc.binary_join_element_wise(numbers, ",", amounts, "\n", ""))
        listed = _Stretches(pc.binary_join_element_wise(numbers, ",", ""))
        first = 0
        for key, lines in groups:
            place, reason = divmod(key, _PLACES)
            billed = REASONS[reason] == ""
            end = first + lines
            ends = pc.min_max(days.slice(first, lines)).as_py() if billed else None
            yield Tally(
                customer=self._codes[place],
                excluded=REASONS[reason],
                lines=lines,
                cost=exact_sum(values.slice(first, lines)),
                digest=hashlib.sha256(rows.between(first, end)).hexdigest() if billed else None,
                numbers="{" + str(listed.between(first, end)[:-1], "ascii") + "}" if billed else None,
                first_day=_EPOCH + timedelta(ends["min"]) if ends else None,
                last_day=_EPOCH + timedelta(ends["max"]) if ends else None,
            )
            first = end


def _joined(columns: list[Arrow]) -> Arrow:
    """The columns as one; what they held is free."""
    whole = pa.concat_arrays(columns)
    columns.clear()
    return whole


class _Places:
    """From references to places: looked up once for each reference, and once for each day where the day matters."""

    def __init__(self, meanings: Mapping[str, Sequence[Meaning]], places: Mapping[str, int]) -> None:
        self._meanings = meanings
        self._places = places
        self._known: dict[str, int] = {}

    def of(self, references: Arrow, days: Arrow) -> Arrow:
        names = references.dictionary.to_pylist()
        places = pa.array([self._known.get(name) or self._look(name) for name in names], pa.int32())
        found = places.take(references.indices)
        dated = pc.equal(found, _DATED)
        if not dated.true_count:
            return found
        pairs = pa.table({"code": references.indices.filter(dated), "day": days.filter(dated)})
        one = pc.add(pc.shift_left(pairs["code"].cast(pa.int64()), 32), pc.add(pairs["day"].cast(pa.int64()), 2**31))
        each = one.combine_chunks().dictionary_encode()
        on_days = [self._on(names[pair >> 32], (pair & 0xFFFFFFFF) - 2**31) for pair in each.dictionary.to_pylist()]
        return pc.replace_with_mask(found, dated, pa.array(on_days, pa.int32()).take(each.indices))

    def _look(self, name: str) -> int:
        meanings = self._meanings.get(name, ())
        always = len(meanings) == 1 and meanings[0][:2] == (None, None)
        place = self._place(meanings[0][2]) if always else _DATED if meanings else _NOBODY
        self._known[name] = place
        return place

    def _on(self, name: str, day: int) -> int:
        for first, after, code in self._meanings[name]:
            if (first is None or first <= day) and (after is None or day < after):
                return self._place(code)
        return _NOBODY

    def _place(self, code: str | None) -> int:
        return _NOBODY if code is None else self._places[code]


class _Stretches:
    """Texts of a column that stand one after another in its buffer."""

    def __init__(self, column: Arrow) -> None:
        _, offsets, data = column.buffers()
        self._column = column
        self._places = memoryview(offsets).cast("i")
        self._data = memoryview(data)

    def between(self, first: int, end: int) -> memoryview:
        begin = self._column.offset
        return self._data[self._places[begin + first] : self._places[begin + end]]


def _order(keys: Arrow, numbers: Arrow) -> Arrow:
    """By key, then by number: most often numbers rise already, and the sort is stable."""
    if len(numbers) < 2 or pc.all(pc.greater(numbers[1:], numbers[:-1])).as_py():  # noqa: PLR2004 - one is in order
        return pc.sort_indices(keys)
    return pc.sort_indices(pa.table({"key": keys, "number": numbers}), [("key", "ascending"), ("number", "ascending")])
