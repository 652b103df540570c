"""The promise to readers: a published type only ever gains optional fields.

Anything else is a new version beside it. Compared is what a released schema said with what the classes say now.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_WORDS = frozenset({"description", "title", "$id", "$schema", "examples", "$defs"})


def breaks(released: Schema, current: Schema) -> tuple[str, ...]:
    """What a reader of the released schema could stumble over; empty when it may be published under its version."""
    return tuple(_compare(released, current, released, current, "$"))


def _compare(old: object, new: object, old_root: Schema, new_root: Schema, path: str) -> Iterator[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _compare_schemas(_resolved(old, old_root), _resolved(new, new_root), old_root, new_root, path)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (before, now) in enumerate(zip(old, new, strict=True)):
            yield from _compare(before, now, old_root, new_root, f"{path}[{number}]")
    elif old != new:
        yield f"{path}: was {old!r}, is {new!r}"


def _compare_schemas(old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str) -> Iterator[str]:
    old_fields, new_fields = old.get("properties", {}), new.get("properties", {})
    for name in old_fields:
        if name not in new_fields:
            yield f"{path}.{name}: was there, is gone"
        else:
            yield from _compare(old_fields[name], new_fields[name], old_root, new_root, f"{path}.{name}")
    old_required, new_required = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(new_required - old_required):
        yield f"{path}.{name}: {'was optional' if name in old_fields else 'is new'} and is required"
    for name in sorted((old_required - new_required) & set(new_fields)):
        yield f"{path}.{name}: was always there, is optional"
    for keyword in sorted((set(old) | set(new)) - _WORDS - {"properties", "required"}):
        if keyword not in new or keyword not in old:
            yield f"{path}: {keyword} was {old.get(keyword)!r}, is {new.get(keyword)!r}"
        else:
            yield from _compare(old[keyword], new[keyword], old_root, new_root, f"{path} {keyword}")


def _resolved(schema: Schema, root: Schema) -> Schema:
    ref = schema.get("$ref")
    if not isinstance(ref, str):
        return schema
    rest = {key: value for key, value in schema.items() if key != "$ref"}
    return {**root["$defs"][ref.removeprefix("#/$defs/")], **rest}
