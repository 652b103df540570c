"""What kind of line it is and what charge: the mapping's rules, asked once for each combination that occurs."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from adapters.provider_files.batch import Batch
from adapters.provider_files.cells import Arrow, CellFault, by_value, constant
from adapters.provider_files.mapping import ChargeRule, Condition, FormatMapping, KindRule
from commands.ports.provider_files import Charge, LineKind


@dataclass(frozen=True, slots=True)
class LineClass:
    """Kind and charge of a line."""

    kind: LineKind
    charge: Charge

    @property
    def sums_under(self) -> str:
        """The key of the sums: tax lines count under tax whatever their kind."""
        return "tax" if self.charge == "tax" else self.kind


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes that occur, and which of them each row has; None when all rows have the only one."""

    classes: tuple[LineClass, ...]
    which: Arrow


@dataclass(frozen=True, slots=True)
class _Asked:
    """A column that rules ask about: its different values (None for empty) and each row's."""

    values: list[str | None]
    codes: Arrow


class Classifier:
    """Applies the rules of one mapping."""

    def __init__(self, mapping: FormatMapping) -> None:
        self._kind = mapping.kind
        self._charge = mapping.charge
        self._values_matter: dict[str, bool] = {}
        rules: list[KindRule | ChargeRule] = [*mapping.kind.rules, *mapping.charge.rules]
        for rule in rules:
            for column, condition in rule.when.items():
                matter = isinstance(condition, tuple)
                self._values_matter[column] = matter or self._values_matter.get(column, False)

    def classify(self, batch: Batch) -> Classes:
        """Kind and charge of all rows. CellFault `line-unclassified` names the first row that fits no rule."""
        asked = {column: self._ask(batch, column, matter) for column, matter in self._values_matter.items()}
        varying = {column: found for column, found in asked.items() if len(found.values) > 1}
        fixed = {column: found.values[0] for column, found in asked.items() if len(found.values) == 1}
        if not varying:
            return Classes((self._decide(fixed, 0),), None)
        combined: Arrow = None
        for found in varying.values():
            scaled = None if combined is None else pc.multiply(combined, pa.scalar(len(found.values), pa.int64()))
            combined = found.codes if scaled is None else pc.add(scaled, found.codes)
        encoded = combined.dictionary_encode()
        decided = []
        for code, combination in enumerate(encoded.dictionary.to_pylist()):
            row = pc.index(encoded.indices, pa.scalar(code, encoded.indices.type)).as_py()
            decided.append(self._decide({**fixed, **_taken_apart(combination, varying)}, row))
        classes = tuple(dict.fromkeys(decided))
        if len(classes) == 1:
            return Classes(classes, None)
        numbers = pa.array([classes.index(one) for one in decided], pa.int8())
        return Classes(classes, numbers.take(encoded.indices))

    def _ask(self, batch: Batch, column: str, matter: bool) -> _Asked:
        cells = batch.column(column)
        if cells.null_count == len(cells):
            return _Asked([None], None)
        if not matter:
            if not cells.null_count:
                return _Asked(["something"], None)
            return _Asked([None, "something"], pc.is_valid(cells).cast(pa.int64()))
        only = constant(cells)
        if only is not None:
            return _Asked([only], None)
        different, which = by_value(cells)
        values: list[str | None] = [*different, None] if cells.null_count else [*different]
        return _Asked(values, pc.fill_null(which, len(different)).cast(pa.int64()))

    def _decide(self, line: dict[str, str | None], row: int) -> LineClass:
        kind = next((rule.is_ for rule in self._kind.rules if holds(rule.when, line)), self._kind.default)
        charge = next((rule.is_ for rule in self._charge.rules if holds(rule.when, line)), self._charge.default)
        if kind is None:
            raise _unclassified("kind", self._kind.rules, line, row)
        if charge is None:
            raise _unclassified("charge", self._charge.rules, line, row)
        return LineClass(kind, charge)


def holds(when: dict[str, Condition], line: dict[str, str | None]) -> bool:
    """Whether all conditions hold for a line's values."""
    for column, condition in when.items():
        value = line.get(column)
        if condition == "empty":
            fits = value is None
        elif condition == "present":
            fits = value is not None
        else:
            fits = value is not None and value in condition
        if not fits:
            return False
    return True


def _unclassified(
    what: str, rules: Sequence[KindRule | ChargeRule], line: dict[str, str | None], row: int
) -> CellFault:
    columns = list(dict.fromkeys(column for rule in rules for column in rule.when))
    shown = ", ".join(f"{column} {line.get(column) or 'empty'!s}" for column in columns)[:80]
    return CellFault("line-unclassified", row, shown, f"fits no rule of the format for the {what} of a line")


def _taken_apart(combination: int, varying: dict[str, _Asked]) -> dict[str, str | None]:
    values: dict[str, str | None] = {}
    for column, found in reversed(varying.items()):
        combination, code = divmod(combination, len(found.values))
        values[column] = found.values[code]
    return values
