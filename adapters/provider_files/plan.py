"""A mapping laid upon a header: which columns are read, and what becomes of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.provider_files.mapping import ChargeRule, FieldName, FormatMapping, Join, KindRule, Source
from commands.ports.provider_files import FileRejected, Limits

FIELDS: tuple[FieldName, ...] = (
    "number", "customer", "product", "subscription", "charge_from", "charge_to", "quantity", "unit", "unit_price",
    "amount", "tax", "currency",
)  # fmt: skip
_DATE_FIELDS = ("charge_from", "charge_to")


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """The columns of a field that the file has: alternatives in order, or parts of a join (then with separator)."""

    columns: tuple[str, ...]
    separator: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How one file is read.

    `names` are the header's columns after aliases. `attributes` are what goes into the attributes, in the file's
    order; of the `timed` ones only cells that have a time of day. `converted` are all columns that must be parsed.
    """

    mapping: FormatMapping
    names: tuple[str, ...]
    fields: dict[FieldName, FieldPlan]
    attributes: tuple[str, ...]
    timed: frozenset[str]
    converted: tuple[str, ...]
    identity: tuple[str, ...]

    def column(self, field: FieldName) -> str:
        """The column to name in a message about a field."""
        plan = self.fields.get(field)
        return "+".join(plan.columns) if plan and plan.separator is not None else plan.columns[0] if plan else field


def make_plan(mapping: FormatMapping, header: Sequence[str], path: str, limits: Limits) -> Plan:
    """Resolve a header. FileRejected `column-missing` names all that are missing, `column-twice` what is doubled."""
    names = _resolved(mapping, header, path, limits)
    present = set(names)
    fields = {
        field: plan
        for field in FIELDS
        if (source := getattr(mapping.columns, field)) is not None
        and (plan := _field_plan(source, present)) is not None
    }
    _refuse_missing(mapping, fields, present, path)
    used = _consumed(mapping, fields)
    timed = frozenset(
        fields[field].columns[0] for field in _DATE_FIELDS if field in fields and fields[field].separator is None
    )
    dropped = set(mapping.attributes.drop)
    attributes = tuple(name for name in names if name not in dropped and (name not in used or name in timed))
    needed = set(attributes) | used | _asked(mapping) | {column for plan in fields.values() for column in plan.columns}
    return Plan(
        mapping=mapping,
        names=names,
        fields=fields,
        attributes=attributes,
        timed=timed,
        converted=tuple(name for name in names if name in needed),
        identity=tuple(name for name in mapping.identity if name in present),
    )


def _resolved(mapping: FormatMapping, header: Sequence[str], path: str, limits: Limits) -> tuple[str, ...]:
    if len(header) > limits.max_columns:
        raise FileRejected(
            "too-many-columns", f"{path} has {len(header)} columns; at most {limits.max_columns} are read.", file=path
        )
    plain = [name.strip() or f"column_{index}" for index, name in enumerate(header, start=1)]
    present = set(plain)
    known_as = {alias: name for name, others in mapping.aliases.items() if name not in present for alias in others}
    names = [known_as.get(name, name) for name in plain]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise FileRejected(
            "column-twice",
            f"{path} has the column {', '.join(doubled)[:200]} more than once: rename or remove the others.",
            file=path,
            column=doubled[0],
        )
    return tuple(names)


def _field_plan(source: Source, present: set[str]) -> FieldPlan | None:
    wanted = source.join if isinstance(source, Join) else source
    columns = tuple(name for name in wanted if name in present)
    if not columns:
        return None
    return FieldPlan(columns, source.separator if isinstance(source, Join) else None)


def _refuse_missing(mapping: FormatMapping, fields: dict[FieldName, FieldPlan], present: set[str], path: str) -> None:
    missing = [name for name in mapping.required if name not in present]
    for field in ("customer", "product", "charge_from", "amount"):
        source = getattr(mapping.columns, field)
        wanted = source.join if isinstance(source, Join) else source
        if field not in fields and not set(wanted) & set(missing):
            missing.append(" or ".join(wanted))
    missing += [split.by for split in mapping.split if split.by not in present and split.by not in missing]
    if missing:
        spelled = [_with_aliases(mapping, name) for name in missing]
        raise FileRejected(
            "column-missing",
            f"{path} lacks {'the column' if len(spelled) == 1 else f'{len(spelled)} columns:'} {', '.join(spelled)}, "
            f"needed for the format {mapping.name}: add what is missing or name another format.",
            file=path,
            column=missing[0],
        )


def _with_aliases(mapping: FormatMapping, name: str) -> str:
    others = mapping.aliases.get(name, ())
    return f"{name} (or {', '.join(others)})" if others else name


def _consumed(mapping: FormatMapping, fields: dict[FieldName, FieldPlan]) -> set[str]:
    """Columns whose whole content is in the fields: the first alternative, and every part of a join."""
    used: set[str] = set()
    for field, plan in fields.items():
        source = getattr(mapping.columns, field)
        if plan.separator is not None:
            used.update(plan.columns)
        elif plan.columns[0] == (source[0] if isinstance(source, tuple) else None):
            used.add(plan.columns[0])
    return used


def _asked(mapping: FormatMapping) -> set[str]:
    """Columns that rules and checks look at."""
    rules: list[KindRule | ChargeRule] = [*mapping.kind.rules, *mapping.charge.rules]
    asked = {column for rule in rules for column in rule.when}
    asked.update(column for conditions in mapping.skip for column in conditions)
    asked.update(split.by for split in mapping.split)
    asked.update(mapping.identity)
    return asked
