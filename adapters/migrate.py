"""Bring the database's schema up to date: every process does it at its start.

yoyo-migrations reads the files, splits them into statements, orders them and keeps the record of what was applied.
Two things are done here instead of by yoyo: each file and its record are committed in ONE transaction (yoyo uses two
connections, so a kill in between leaves a schema that it believes to be missing), and processes wait for each other by
a PostgreSQL advisory lock, which dies with its process (yoyo's lock is a row that a killed process leaves behind).
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import psycopg
import structlog
from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import DatabaseURI
from yoyo.migrations import Migration, MigrationList, default_migration_table, get_migration_hash

from adapters.sql_files import load_sql

_SQL = load_sql("adapters")
LOCK = 4_701_337_052  # any number, the same for every process of this system
CONNECT_SECONDS = 10
_FILE_NAME = re.compile(r"\d{4}_[a-z0-9]+(_[a-z0-9]+)*")
_log = structlog.get_logger(__name__)
logging.getLogger("yoyo").setLevel(logging.WARNING)


class MigrationFailed(Exception):
    """A migration could not be applied: nothing of it was; the message names the file and what PostgreSQL said."""


def migrate(url: str, package: str = "adapters.migrations") -> list[str]:
    """Apply what is new, in order; return the ids (file names without .sql) applied by this call.

    `url` is any libpq connection string or URL. Safe with any number of processes at once: the first one applies, the
    others wait and find nothing to do. With nothing new it is one query. Raises MigrationFailed.
    """
    with as_file(files(package)) as folder, _connect(url) as connection:
        if not _missing(connection, folder):
            return []
        connection.execute(_SQL["lock_migrations"], (LOCK,))  # released when the connection ends
        return _apply(url, folder)


def _apply(url: str, folder: Path) -> list[str]:
    applied = []
    with _Backend(url) as backend:
        for migration in backend.to_apply(_read(folder)):
            _apply_one(backend, migration)
            applied.append(migration.id)
            _log.info("migration_applied", migration=migration.id)
    return applied


def _apply_one(backend: "_Backend", migration: Migration) -> None:
    migration.load()
    if not migration.use_transactions:
        raise MigrationFailed(f"{migration.id}.sql asks to run outside a transaction; see adapters/migrations")
    try:
        with backend.transaction():
            migration.process_steps(backend, "apply")
            backend.mark_one(migration, log=False)
    except psycopg.Error as error:
        raise MigrationFailed(
            f"{migration.id}.sql was not applied: {error}. Nothing of it was; mend the cause and start again."
        ) from error


def _connect(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_SECONDS)


def _missing(connection: psycopg.Connection[Any], folder: Path) -> set[str]:
    names = {path.stem for path in folder.glob("*.sql")}
    for name in names:
        if not _FILE_NAME.fullmatch(name):
            raise MigrationFailed(f"{name}.sql is not named NNNN_area_what.sql; see adapters/migrations")
    if len({name[:4] for name in names}) < len(names):
        raise MigrationFailed(f"Two migrations have the same number: {', '.join(sorted(names))}")
    try:
        rows = connection.execute(_SQL["find_applied_migrations"]).fetchall()
    except psycopg.errors.UndefinedTable:
        return names
    known = {row[0] for row in rows}
    return {name for name in names if get_migration_hash(name) not in known}


def _read(folder: Path) -> MigrationList:
    pattern = re.sub(r"([*?[])", r"[\1]", str(folder))  # yoyo takes a glob
    # yoyo would run this package's __init__.py as a migration, too.
    return MigrationList(migration for migration in read_migrations(pattern) if migration.is_raw_sql())


class _Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]  # yoyo has no types
    """yoyo's backend on a libpq connection string (sockets, several hosts, TLS options), under our own lock."""

    def __init__(self, url: str) -> None:
        self._url = url
        super().__init__(DatabaseURI("postgresql", None, None, None, None, None, {}), default_migration_table)

    def connect(self, dburi: DatabaseURI) -> psycopg.Connection[Any]:  # noqa: ARG002 - see the class
        return _connect(self._url)

    @contextmanager
    def lock(self, timeout: float = 10) -> Iterator[None]:  # noqa: ARG002 - the advisory lock is held already
        yield
