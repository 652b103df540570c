"""Facts to stored bytes and back.

Stored bytes are the fact's JSON as pydantic writes it: UTF-8, no spaces, fields in the order of the class, every field
present (absent ones as null, so that a default may change later without changing history). Reading knows the class by
(type, schema version), lifts old versions to the newest one, and opens personal fields.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from adapters.event_store.personal import (
    KEY_NAMES,
    Fields,
    decrypt,
    encrypt,
    key_of,
    personal_shape,
    replace_texts,
    texts,
)
from adapters.event_store.upcasting import UPCASTERS, Upcaster
from commands.ports.key_vault import KeyVault
from domain.fact import Fact
from domain.facts import FACTS

MAX_EVENT_BYTES: Final = 256 * 1024
"""No event is larger; what would be is a batch to be split by its decision."""


class UnreadableEvent(Exception):
    """A stored event that this program cannot read: an unknown type or version, or JSON that does not fit it."""


class EventTooLarge(ValueError):
    """A fact whose JSON is over 256 KiB."""


class Codec:
    """Encodes and decodes facts. `facts` and `upcasters` are the system's own unless a test gives others.

    Facts without personal fields cost one call of pydantic. Personal ones ask the vault, which may block: `is_personal`
    tells callers on an event loop when to use a thread.
    """

    def __init__(
        self,
        vault: KeyVault | None = None,
        *,
        facts: Mapping[tuple[str, int], type[Fact]] = FACTS,
        upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
    ) -> None:
        """Raises ValueError when an old version has no upcaster to the next one."""
        self._vault = vault
        self._facts = facts
        self._upcasters = upcasters
        self._shapes: dict[tuple[str, int], Fields] = {
            key: shape for key, cls in facts.items() if (shape := personal_shape(cls)) is not None
        }
        self._newest: dict[str, int] = {}
        for name, version in facts:
            self._newest[name] = max(version, self._newest.get(name, 0))
        for name, newest in self._newest.items():
            missing = [v for v in range(1, newest) if (name, v) not in upcasters]
            if missing:
                raise ValueError(f"{name}: no upcaster from version {missing[0]}; see adapters/event_store/upcasting")
        self._plain = frozenset(key for key in facts if key not in self._shapes and key[1] == self._newest[key[0]])

    def is_personal(self, type_: str, schema_version: int) -> bool:
        """Whether this kind of fact has personal fields."""
        return (type_, schema_version) in self._shapes

    def encode(self, fact: Fact) -> bytes:
        """The bytes to store. Raises EventTooLarge, and ValueError for personal data without a data subject."""
        key = (fact.type, fact.schema_version)
        shape = self._shapes.get(key)
        data = fact.model_dump_json().encode() if shape is None else self._encode_personal(fact, shape)
        if len(data) > MAX_EVENT_BYTES:
            raise EventTooLarge(f"{fact.type} has {len(data):,} bytes, {MAX_EVENT_BYTES:,} are allowed: split it")
        if key not in self._facts:
            raise ValueError(f"{fact.type} version {fact.schema_version} is in no table of stored names (domain.facts)")
        return data

    def decode(self, type_: str, schema_version: int, data: bytes) -> Fact:
        """The fact of the newest version. Raises UnreadableEvent, naming type and version."""
        key = (type_, schema_version)
        try:
            if key in self._plain:
                return self._facts[key].model_validate_json(data)
            return self._decode_slowly(key, data)
        except ValidationError as error:
            raise UnreadableEvent(f"{type_} version {schema_version} does not fit its class: {error}") from error

    def _encode_personal(self, fact: Fact, shape: Fields) -> bytes:
        value = fact.model_dump(mode="json")
        if any(texts(value, shape)):
            subject = fact.data_subject()
            if subject is None or self._vault is None:
                why = "names no data subject" if subject is None else "needs a key vault"
                raise ValueError(f"{fact.type} has personal fields and {why}: they cannot be encrypted")
            secret = self._vault.key_for(subject)
            value = replace_texts(value, shape, lambda text: encrypt(text, secret))
        return to_json(value)

    def _decode_slowly(self, key: tuple[str, int], data: bytes) -> Fact:
        if key not in self._facts:
            known = self._newest.get(key[0])
            have = f"this program reads up to version {known}" if known else "this program has no such type"
            raise UnreadableEvent(f"{key[0]} version {key[1]} cannot be read: {have}")
        value: dict[str, Any] = from_json(data)
        shape = self._shapes.get(key)
        if shape is not None:
            needed = {name for text in texts(value, shape) if (name := key_of(text)) is not None}
            if needed and self._vault is None:
                raise UnreadableEvent(f"{key[0]} has encrypted fields; reading them needs the key vault")
            secrets = self._vault.secrets(needed) if needed and self._vault else {}
            value = replace_texts(value, shape, lambda text: decrypt(text, secrets))
        type_, version = key
        while version < self._newest[type_]:
            value = self._upcasters[type_, version](value)
            version += 1
        return self._facts[type_, version].model_validate_json(to_json(value))

    def ask_for_keys(self, stored: Iterable[bytes]) -> None:
        """Ask the vault once for all keys that decoding these needs: it keeps them while they are decoded. Blocks."""
        needed = {UUID(hex=name.decode()) for data in stored for name in KEY_NAMES.findall(data)}
        if self._vault is not None and len(needed) > 1:
            self._vault.secrets(needed)

    def make_keys(self, facts: Iterable[Fact]) -> None:
        """Ask the vault once for all keys that encoding these needs, as `ask_for_keys` does. Blocks."""
        subjects = set()
        for fact in facts:
            shape = self._shapes.get((fact.type, fact.schema_version))
            if shape is not None and any(texts(fact.model_dump(mode="json"), shape)):
                subjects.add(fact.data_subject())
        known = {subject for subject in subjects if subject is not None}
        if self._vault is not None and len(known) > 1:
            self._vault.keys_for(known)

    def any_personal(self, facts: Iterable[Fact]) -> bool:
        """Whether encoding these may ask the vault."""
        for fact in facts:  # noqa: SIM110 - asked for every command, and a generator costs more than the answer
            if (fact.type, fact.schema_version) in self._shapes:
                return True
        return False
