"""Keys of data subjects in PostgreSQL, wrapped by the master key."""

import asyncio
import os
import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, Self, TypeVar
from uuid import UUID, uuid4

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import Connection

from adapters.key_vault.key_cache import CACHE_SECONDS, KeyCache
from adapters.migrate import migrate
from adapters.sql_files import load_sql
from commands.ports.key_vault import SubjectKey, VaultUnavailable

T = TypeVar("T")

MIGRATIONS: Final = "adapters.key_vault.migrations"
_SQL = {name: text.encode() for name, text in load_sql(__package__).items()}
_NONCE = 12
_PROBE = b"ledgerline key vault"


class PostgresKeyVault:
    """See the port. One connection, used by one thread at a time; made anew when it breaks."""

    def __init__(self, url: str, master_key: bytes, *, cache_seconds: float = CACHE_SECONDS) -> None:
        self._url = url
        self._master = AESGCM(master_key)
        self._connection: Connection[tuple[Any, ...]] | None = None
        self._lock = threading.Lock()
        self._by_subject: KeyCache[str, SubjectKey] = KeyCache(cache_seconds)
        self._by_id: KeyCache[UUID, bytes] = KeyCache(cache_seconds)

    @classmethod
    def open(cls, url: str, master_key: bytes, *, cache_seconds: float = CACHE_SECONDS) -> Self:
        """Bring the vault's schema up to date and see that the master key is this vault's. Blocks.

        Raises VaultUnavailable for another vault's master key, or when the database does not answer.
        """
        try:
            migrate(url, MIGRATIONS)
        except psycopg.OperationalError as error:
            raise VaultUnavailable(f"The key vault does not answer: {error}") from error
        vault = cls(url, master_key, cache_seconds=cache_seconds)
        vault._check_master_key()
        return vault

    def close(self) -> None:
        """Close the connection and forget all keys."""
        self._forget()
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def key_for(self, subject: str) -> SubjectKey:
        """See the port."""
        return self.keys_for((subject,))[subject]

    def keys_for(self, subjects: Collection[str]) -> Mapping[str, SubjectKey]:
        """See the port."""
        found = {subject: key for subject in subjects if (key := self._by_subject.get(subject)) is not None}
        missing = sorted(set(subjects) - found.keys())
        if missing:
            mark = self._by_subject.mark()
            for subject, key in self._run(lambda connection: self._living_keys(connection, missing)).items():
                found[subject] = key
                self._by_subject.put(subject, key, mark)
        return found

    def secrets(self, ids: Collection[UUID]) -> Mapping[UUID, bytes]:
        """See the port."""
        found = {name: secret for name in ids if (secret := self._by_id.get(name)) is not None}
        missing = [name for name in ids if name not in found]
        if missing:
            mark = self._by_id.mark()
            rows = self._run(lambda connection: connection.execute(_SQL["keys_by_id"], (missing,)).fetchall())
            for name, wrapped in rows:
                found[name] = self._unwrap(name, wrapped)
                self._by_id.put(name, found[name], mark)
        return found

    async def erase(self, subject: str) -> bool:
        """See the port."""
        return await asyncio.to_thread(self._erase, subject)

    def _erase(self, subject: str) -> bool:
        erased = self._run(lambda connection: connection.execute(_SQL["erase_subject"], (subject,)).rowcount)
        self._forget()
        return erased > 0

    def _forget(self) -> None:
        self._by_subject.clear()
        self._by_id.clear()

    def _living_keys(self, connection: Connection[tuple[Any, ...]], subjects: list[str]) -> dict[str, SubjectKey]:
        for _ in range(3):
            rows = connection.execute(_SQL["living_keys"], (subjects,)).fetchall()
            living = {subject: (name, wrapped) for subject, name, wrapped in rows}
            missing = [subject for subject in subjects if subject not in living]
            if not missing:
                return {subject: SubjectKey(name, self._unwrap(name, w)) for subject, (name, w) in living.items()}
            names = [uuid4() for _ in missing]
            wrapped_new = [self._wrap(name, AESGCM.generate_key(256)) for name in names]
            connection.execute(_SQL["make_keys"], (names, missing, wrapped_new))
            # Read what is there now: another process may have made one at the same moment.
        raise VaultUnavailable(f"No key for {missing[0]} could be made; it is being erased again and again")

    def _wrap(self, name: UUID, secret: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._master.encrypt(nonce, secret, name.bytes)

    def _unwrap(self, name: UUID, wrapped: bytes) -> bytes:
        try:
            return self._master.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], name.bytes)
        except InvalidTag:
            raise VaultUnavailable(f"Key {name} was changed in the vault, or wrapped by another master key") from None

    def _check_master_key(self) -> None:
        nonce = os.urandom(_NONCE)
        mine = nonce + self._master.encrypt(nonce, _PROBE, None)

        def probe(connection: Connection[tuple[Any, ...]]) -> bytes:
            connection.execute(_SQL["leave_probe"], (mine,))
            row = connection.execute(_SQL["read_probe"]).fetchone()
            return bytes(row[0]) if row else mine

        found = self._run(probe)
        try:
            self._master.decrypt(found[:_NONCE], found[_NONCE:], None)
        except InvalidTag:
            self.close()
            raise VaultUnavailable(
                "This master key does not open the key vault: put back the file (or setting) it was made with."
            ) from None

    def _run(self, work: Callable[[Connection[tuple[Any, ...]]], T]) -> T:
        """Work that may be repeated; once more on a new connection when the old one had died unnoticed."""
        with self._lock:
            for last in (False, True):
                try:
                    if self._connection is None or self._connection.closed:
                        self._connection = psycopg.connect(
                            self._url, autocommit=True, application_name="ledgerline key vault", connect_timeout=5
                        )
                    return work(self._connection)
                except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                    if self._connection is not None:
                        self._connection.close()
                    if last:
                        raise VaultUnavailable(f"The key vault does not answer: {error}") from error
        raise AssertionError("not reached")
