"""PostgreSQL for tests: one embedded server for all workers of a run, one database for each test.

The server is shared by whoever attaches (workers, and several runs at once) and stops with the last of them. Every
test gets a database of its own, cloned from a template that the migrations made once.
"""

import hashlib
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

import adapters.migrations
from adapters.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError
from adapters.migrate import migrate
from tests.support.locks import file_lock
from tests.support.paths import CACHE
from tests.support.ports import free_port

FOLDER = CACHE / "postgres"
TEST_PASSWORD = "test"
_numbers = itertools.count(1)


class DatabaseServer:
    """The shared server; makes databases and drops them."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._admin = self.url_of("postgres")
        self._template: str | None = None

    def url_of(self, database: str) -> str:
        """Return the URL of a database over the Unix socket."""
        return self._server.url.replace("/ledgerline?", f"/{database}?")

    def tcp_url_of(self, database: str) -> str:
        """Return the URL of a database over TCP, with a password: as in production."""
        port = conninfo_to_dict(self._server.url)["port"]
        return f"postgresql://postgres:{TEST_PASSWORD}@127.0.0.1:{port}/{database}"

    def create(self, *, migrated: bool = True) -> str:
        """Make a database and return its name; a few tens of milliseconds."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        template = self.template() if migrated else "template0"
        self.run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, name: str) -> None:
        """Drop a database, ending whatever is still connected to it."""
        self.run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def run(self, statement: sql.Composed) -> None:
        """Run one statement on the server's own database."""
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(statement)

    def template(self) -> str:
        """Return the name of the migrated template, made by the first who asks; its name follows the migrations."""
        if self._template is None:
            digest = hashlib.sha256()
            for file in sorted(Path(adapters.migrations.__path__[0]).glob("*.sql")):
                digest.update(file.name.encode() + file.read_bytes())
            name = f"template_{digest.hexdigest()[:16]}"
            with psycopg.connect(self._admin, autocommit=True) as connection:
                connection.execute("SELECT pg_advisory_lock(1)")
                known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
                if known is None:
                    self._make_template(connection, name)
            self._template = name
        return self._template

    def _make_template(self, connection: "psycopg.Connection[tuple[object, ...]]", name: str) -> None:
        half_made = sql.Identifier("half_made")
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(half_made))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(half_made))
        migrate(self.url_of("half_made"))
        connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(half_made, sql.Identifier(name)))

    def tidy(self) -> None:
        """Drop what killed runs left, and set the password for TCP."""
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(1)")
            connection.execute(sql.SQL("ALTER ROLE postgres PASSWORD {}").format(sql.Literal(TEST_PASSWORD)))
            rows = connection.execute(r"SELECT datname FROM pg_database WHERE datname LIKE 'test\_%'").fetchall()
            for (name,) in rows:
                if not Path(f"/proc/{name.split('_')[1]}").exists():
                    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _start() -> EmbeddedPostgres:
    def start() -> EmbeddedPostgres:
        return EmbeddedPostgres.start(FOLDER, fsync=False, max_connections=400, tcp_port=free_port())

    with file_lock(CACHE / "postgres.start"):
        try:
            return start()
        except EmbeddedPostgresError:
            # Without fsync a power cut may have spoilt the cluster. Nothing in it is worth keeping.
            shutil.rmtree(FOLDER, ignore_errors=True)
            return start()


@pytest.fixture(scope="session")
def database_server() -> Iterator[DatabaseServer]:
    """The PostgreSQL server of this run."""
    with _start() as server:
        databases = DatabaseServer(server)
        databases.tidy()
        yield databases


@pytest.fixture
def database(database_server: DatabaseServer) -> Iterator[str]:
    """URL of a fresh, migrated database of this test's own; dropped afterwards."""
    name = database_server.create()
    yield database_server.url_of(name)
    database_server.drop(name)


@pytest.fixture
def empty_database(database_server: DatabaseServer) -> Iterator[str]:
    """URL of a fresh database without any table."""
    name = database_server.create(migrated=False)
    yield database_server.url_of(name)
    database_server.drop(name)


@pytest.fixture
def tcp_database(database_server: DatabaseServer) -> Iterator[str]:
    """Like `database`, its URL over TCP with a password."""
    name = database_server.create()
    yield database_server.tcp_url_of(name)
    database_server.drop(name)
