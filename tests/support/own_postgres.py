"""A PostgreSQL server of one test's own, over TCP with a password, to be killed hard and started on the same data."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from adapters.embedded_postgres import EmbeddedPostgres
from tests.support.paths import quick_folder
from tests.support.ports import free_port


class OwnPostgres:
    """Listens on 127.0.0.1 `port`. What it has written is with the kernel, so it outlives a killed process."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._server: EmbeddedPostgres | None = None

    def start(self) -> None:
        """Start it (again), on the same port and data; returns once it answers."""
        attached, self._server = self._server, None
        self._server = EmbeddedPostgres.start(self._folder, fsync=False, max_connections=400, tcp_port=self.port)
        if attached is not None:
            attached.stop()  # we are attached twice now, so this leaves the server alone

    def make_user(self, name: str, password: str) -> None:
        """Make a user who owns everything, like the one that a container of PostgreSQL begins with."""
        assert self._server is not None
        statement = sql.SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}")
        with psycopg.connect(self._server.url, autocommit=True) as connection:
            connection.execute(statement.format(sql.Identifier(name), sql.Literal(password)))

    def url(self, user: str, password: str) -> str:
        """Where the database `ledgerline` is, for that user."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/ledgerline"

    def kill(self) -> None:
        """Kill the postmaster and all its children at once (SIGKILL), as when a machine is switched off."""
        assert self._server is not None
        assert self._server.pid is not None
        postmaster = psutil.Process(self._server.pid)
        doomed = [postmaster, *postmaster.children(recursive=True)]
        for process in doomed:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        _, left = psutil.wait_procs(doomed, timeout=30)
        assert not left, f"still there: {left}"

    def stop(self) -> None:
        """Stop it in order."""
        if self._server is not None:
            self._server.stop()


@contextlib.contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """Yield a started server; it and its data are gone afterwards."""
    folder = tempfile.mkdtemp(prefix="ledgerline-pg-", dir=quick_folder())
    server = OwnPostgres(Path(folder))
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
