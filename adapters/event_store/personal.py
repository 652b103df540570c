"""Where the personal fields of a fact are, and what stands in their place in the store.

A personal text is stored as `enc:1:KEY:BASE64`: the name of its subject's key, then nonce and AES-256-GCM ciphertext
(URL-safe base64 without padding). Whether a text is ciphertext is known by its place, not by its looks: every text in
a personal field is encrypted, also one that begins with `enc:1:`, and nothing else is ever decrypted.
"""

import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel

from commands.ports.key_vault import SubjectKey
from domain.fact import Personal

ERASED = "[erased]"
"""What readers see where the key was destroyed."""

_TOKEN = re.compile(r"enc:1:([0-9a-f]{32}):([A-Za-z0-9_-]{38,})")
KEY_NAMES = re.compile(rb"enc:1:([0-9a-f]{32}):")
"""Finds the names of keys in stored bytes; also in texts that only look so, which no key has."""
_NONCE = 12


class TamperedText(Exception):
    """Ciphertext that its own key does not open: it was changed."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A personal text."""


@dataclass(frozen=True, slots=True)
class Each:
    """All items of a list, or all values of a mapping."""

    item: "Shape"


@dataclass(frozen=True, slots=True)
class Fields:
    """Some fields of an object."""

    fields: Mapping[str, "Shape"]


Shape = Leaf | Each | Fields
Json = Any  # what json.loads gives


def personal_shape(model: type[BaseModel], _above: tuple[type, ...] = ()) -> Fields | None:
    """Where a class has personal fields; None: nowhere. TypeError where a mark could not be honoured."""
    if model in _above:
        raise TypeError(f"{model.__name__} contains itself: its personal fields cannot be found once and for all")
    fields = {}
    for name, info in model.model_fields.items():
        shape = _shape(info.annotation, info.metadata, (*_above, model))
        if shape is not None:
            fields[info.serialization_alias or name] = shape
    return Fields(fields) if fields else None


def _shape(kind: object, marks: Iterable[object], above: tuple[type, ...]) -> Shape | None:
    origin, arguments = get_origin(kind), get_args(kind)
    if any(isinstance(mark, Personal) for mark in marks):
        if kind is not str and not (origin in (Union, UnionType) and set(arguments) <= {str, NoneType}):
            raise TypeError(f"only texts can be personal, not {kind}")
        return Leaf()
    if origin is Annotated:
        return _shape(arguments[0], arguments[1:], above)
    if origin in (Union, UnionType):
        return _merged([_shape(argument, (), above) for argument in arguments])
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return personal_shape(kind, above)
    return _container(kind, origin, arguments, above) if isinstance(origin, type) else None


def _container(kind: object, origin: type, arguments: tuple[object, ...], above: tuple[type, ...]) -> Shape | None:
    shapes = [_shape(argument, (), above) for argument in arguments if argument is not Ellipsis]
    if not any(shapes):
        return None
    if issubclass(origin, Mapping) and shapes[0] is None:
        return Each(shapes[1]) if shapes[1] else None
    if len(shapes) == 1 and shapes[0]:
        return Each(shapes[0])
    raise TypeError(f"{kind} has personal texts where they are not looked for")


def _merged(shapes: list[Shape | None]) -> Shape | None:
    found = [shape for shape in shapes if shape is not None]
    if len(found) > 1:
        raise TypeError("a union has personal texts in more than one of its types")
    return found[0] if found else None


def replace_texts(value: Json, shape: Shape, change: Callable[[str], str]) -> Json:
    """A JSON value with the personal texts changed; the value given stays as it is."""
    if value is None:
        return None
    match shape:
        case Leaf():
            return change(value)
        case Each(item):
            if isinstance(value, Mapping):
                return {key: replace_texts(entry, item, change) for key, entry in value.items()}
            return [replace_texts(entry, item, change) for entry in value]
        case Fields(fields):
            return {
                key: replace_texts(entry, fields[key], change) if key in fields else entry
                for key, entry in value.items()
            }


def texts(value: Json, shape: Shape) -> Iterator[str]:
    """The personal texts of a JSON value."""
    found: list[str] = []
    replace_texts(value, shape, lambda text: found.append(text) or text)  # type: ignore[func-returns-value]
    return iter(found)


def encrypt(text: str, key: SubjectKey) -> str:
    """The token that is stored for a text; twice the same text gives two tokens."""
    nonce = os.urandom(_NONCE)
    sealed = nonce + AESGCM(key.secret).encrypt(nonce, text.encode(), None)
    return f"enc:1:{key.id.hex}:{urlsafe_b64encode(sealed).decode().rstrip('=')}"


def key_of(text: str) -> UUID | None:
    """The name of the key that a stored text needs; None: it was stored before its field became personal."""
    token = _TOKEN.fullmatch(text)
    return UUID(hex=token[1]) if token else None


def decrypt(text: str, secrets: Mapping[UUID, bytes]) -> str:
    """The text behind a token, `[erased]` without its key, and a text that is no token as it is."""
    token = _TOKEN.fullmatch(text)
    if token is None:
        return text
    secret = secrets.get(UUID(hex=token[1]))
    if secret is None:
        return ERASED
    sealed = urlsafe_b64decode(token[2] + "=" * (-len(token[2]) % 4))
    try:
        return AESGCM(secret).decrypt(sealed[:_NONCE], sealed[_NONCE:], None).decode()
    except InvalidTag:
        raise TamperedText(f"a personal text under key {token[1]} was changed after it was stored") from None
