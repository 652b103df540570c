"""The key vault in memory; passes the contract suite of the real one."""

import secrets
from collections.abc import Collection, Mapping
from uuid import UUID, uuid4

from commands.ports.key_vault import SubjectKey


class MemoryKeyVault:
    """See the port."""

    def __init__(self) -> None:
        self.keys: dict[str, SubjectKey] = {}
        self._by_id: dict[UUID, bytes] = {}

    def key_for(self, subject: str) -> SubjectKey:
        if subject not in self.keys:
            key = self.keys[subject] = SubjectKey(uuid4(), secrets.token_bytes(32))
            self._by_id[key.id] = key.secret
        return self.keys[subject]

    def keys_for(self, subjects: Collection[str]) -> Mapping[str, SubjectKey]:
        return {subject: self.key_for(subject) for subject in subjects}

    def secrets(self, ids: Collection[UUID]) -> Mapping[UUID, bytes]:
        return {name: self._by_id[name] for name in ids if name in self._by_id}

    async def erase(self, subject: str) -> bool:
        key = self.keys.pop(subject, None)
        if key is not None:
            del self._by_id[key.id]
        return key is not None
