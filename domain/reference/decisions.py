"""What may happen to a piece of reference data. Repeating what is done already decides nothing."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from domain.fact import Fact
from domain.reference.bodies import CustomerBody, ReferenceBody
from domain.reference.events import CustomerErased
from domain.reference.identifiers import refuse_overlaps
from domain.reference.kinds import Kind
from domain.reference.series import refuse_other_restart
from domain.reference.state import Absent, Erased, InForce, OutOfUse, State
from domain.rejected import Rejected

MAX_BODY: Final = 230_000
"""JSON bytes of a body; with its envelope it stays below the 256 KiB of an event."""

MAX_PERSONAL_BODY: Final = 120_000
"""The same where fields are encrypted, which makes them longer."""


def parse(kind: Kind, data: Mapping[str, Any]) -> ReferenceBody:
    """A body out of JSON values; Rejected `invalid-body` names every field that is wrong, by JSON pointer."""
    try:
        return kind.body.model_validate(data)
    except ValidationError as wrong:
        raise invalid(kind, wrong) from None


def invalid(kind: Kind, wrong: ValidationError) -> Rejected:
    """The refusal of a body, with `errors` [{pointer, message}]; values are not repeated."""
    errors = [
        {"pointer": _pointer(kind, error["loc"]), "message": error["msg"].removeprefix("Value error, ")}
        for error in wrong.errors(include_url=False, include_input=False, include_context=False)[:50]
    ]
    first = errors[0]
    return Rejected(
        "invalid-body",
        f"The {kind.name} can't be saved: {first['pointer'] or '/'}: {first['message']}"
        + (f" (and {len(errors) - 1} more)." if len(errors) > 1 else "."),
        kind="invalid",
        facts={"errors": errors},
    )


def _pointer(kind: Kind, path: tuple[int | str, ...]) -> str:
    """Of a field in the caller's JSON: of several shapes of one field, pydantic puts in which one it took it for."""
    field = kind.body.model_fields.get(str(path[0])) if path else None
    in_json = path if field is None or field.discriminator is None else (path[0], *path[2:])
    return "".join(f"/{part}" for part in in_json)


def save(kind: Kind, state: State, body: ReferenceBody, *, create: bool = False) -> list[Fact]:
    """Make the body the present one. `create`: another body under the same code is refused, not replaced."""
    refuse_overlaps(getattr(body, "identifiers", ()))
    _refuse_unstorable(body)
    refuse_other_restart(None if isinstance(state, Absent) else state.body, body)
    match state:
        case Erased():
            raise Rejected(
                "customer-erased",
                f"Customer {body.code} was erased and stays so: use another code.",
                facts={"code": body.code},
            )
        case InForce() if state.body == body:
            return []
        case InForce() if create:
            raise Rejected(
                "already-exists",
                f"There is a {kind.name} {body.code} with other content: change it with PATCH or PUT.",
                facts={"code": body.code, "version": state.version},
            )
        case InForce() | OutOfUse() if state.body.code != body.code:
            raise _code_is_immutable(kind, state.body.code, body.code)
        case _:
            return [kind.saved(code=body.code, version=state.version + 1, body=body)]


def patched(kind: Kind, state: State, code: str, changes: Mapping[str, Any]) -> ReferenceBody:
    """The present body with changes merged in as RFC 7396 says: null removes, objects merge, lists are replaced."""
    body = in_force(kind, state, code).body
    if "code" in changes and changes["code"] != body.code:
        raise _code_is_immutable(kind, body.code, str(changes["code"]))
    return parse(kind, _merged(body.model_dump(mode="json"), changes))


def retire(kind: Kind, state: State, code: str, reason: str | None) -> list[Fact]:
    """Take it out of use; its unique names are free again."""
    if kind.retired is None:
        raise Rejected("not-retirable", f"A {kind.name} can't be retired: switch it off with active: false.")
    if isinstance(state, OutOfUse | Erased):
        return []
    in_force(kind, state, code)
    return [kind.retired(code=code, version=state.version + 1, reason=reason)]


def erase(kind: Kind, state: State, code: str, reason: str) -> list[Fact]:
    """Record that the customer's key is destroyed; whether law allows it is asked before."""
    match state:
        case Absent():
            raise missing(kind, code)
        case Erased():
            return []
        case _:
            return [CustomerErased(code=code, reason=reason)]


def in_force(kind: Kind, state: State, code: str) -> InForce:
    """The state, if it is in use; Rejected `not-found` or `customer-erased` when it is not."""
    if isinstance(state, Erased):
        raise Rejected("customer-erased", f"Customer {code} was erased and stays so.", facts={"code": code})
    if not isinstance(state, InForce):
        raise missing(kind, code)
    return state


def missing(kind: Kind, code: str) -> Rejected:
    """The refusal of a code that nothing is saved under."""
    return Rejected("not-found", f"There is no {kind.name} {code[:100]!r}.", kind="missing", facts={"code": code[:100]})


def _refuse_unstorable(body: ReferenceBody) -> None:
    if any("\x00" in text for text in _texts(body.model_dump())):
        raise Rejected(
            "invalid-body", f"{body.code!r} has a text with the zero character: leave it out.", kind="invalid"
        )
    size, limit = len(body.model_dump_json()), MAX_PERSONAL_BODY if isinstance(body, CustomerBody) else MAX_BODY
    if size > limit:
        raise Rejected(
            "body-too-large", f"{body.code} has {size} bytes as JSON, {limit} are allowed: shorten it.", kind="invalid"
        )


def _code_is_immutable(kind: Kind, code: str, other: str) -> Rejected:
    return Rejected(
        "code-immutable",
        f"The code of {kind.name} {code} can't become {other[:100]!r}: save a new one and retire this.",
        kind="invalid",
    )


def _merged(base: object, changes: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base) if isinstance(base, Mapping) else {}
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merged(result.get(name), value) if isinstance(value, Mapping) else value
    return result


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for name, item in value.items():
                yield from (str(name), *_texts(item))
        case list() | tuple():
            for item in value:
                yield from _texts(item)
        case _:
            pass
