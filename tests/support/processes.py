"""Our services as real child processes: started with an environment, watched by their log, killed, always reaped."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import pytest

from tests.support.children import spawn
from tests.support.paths import ROOT
from tests.support.waiting import eventually

START_SECONDS = 180.0
STOP_SECONDS = 90.0


class Service:
    """One child process. Its output is in `log`, kept over restarts."""

    def __init__(self, command: Sequence[str], log: Path, env: Mapping[str, str]) -> None:
        self.command = list(command)
        self.log = log
        self._env = dict(env)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Service":
        """Start the process (again), with the same command and environment."""
        assert not self.alive(), f"{self.command} runs already"
        self._process = spawn(self.command, self.log, env=self._env, cwd=self.log.parent)
        return self

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None, f"{self.command} was not started"
        return self._process.pid

    def alive(self) -> bool:
        """Tell whether it runs."""
        return self._process is not None and self._process.poll() is None

    def output(self) -> str:
        """Return all it has printed so far, over restarts."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_until(self, ready: Callable[[], object], *, within: float = START_SECONDS) -> "Service":
        """Poll `ready` until it is true; fail at once, with the log's end, when the process ends before."""

        def look() -> object:
            if not self.alive():
                raise _Ended
            return ready()

        try:
            eventually(look, within=within, every=0.05, fatal=_Ended, what=f"{self.command} ready")
        except (AssertionError, _Ended) as error:
            raise AssertionError(
                f"{self.command} is not ready ({error!r}); its output:\n{self.output()[-3000:]}"
            ) from None
        return self

    def wait_for_url(self, url: str, *, within: float = START_SECONDS) -> "Service":
        """Wait until a GET is answered with 2xx."""
        return self.wait_until(lambda: httpx.get(url, timeout=30).is_success, within=within)

    def wait_for_output(self, text: str, *, within: float = START_SECONDS) -> "Service":
        """Wait until the text was printed."""
        return self.wait_until(lambda: text in self.output(), within=within)

    def wait(self, *, within: float = START_SECONDS) -> int:
        """Wait for the end by itself; return the exit code (negative: the signal)."""
        assert self._process is not None, f"{self.command} was not started"
        return self._process.wait(within)

    def kill(self) -> None:
        """Kill it and its children (SIGKILL to the process group), and reap it."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def terminate(self) -> None:
        """Ask it to end (SIGTERM), without waiting."""
        if self.alive():
            os.kill(self.pid, signal.SIGTERM)

    def stop(self, *, within: float = STOP_SECONDS) -> int:
        """Ask it to end (SIGTERM) and return its exit code; fails when it takes longer than `within` seconds."""
        assert self._process is not None, f"{self.command} was not started"
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.command} did not end; its output:\n{self.output()[-3000:]}") from None


class _Ended(Exception):
    """The process ended while we waited for it."""


class Processes:
    """Starts services for one test; none outlives it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[Service] = []

    def start(self, name: str, command: Sequence[str], **env: str) -> Service:
        """Start a command. `env` is added to what a process needs of ours; our LEDGERLINE_ variables are left out."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("LEDGERLINE_", "PG", "COV_"))}
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        service = Service(
            command, folder / "output.log", {**kept, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT), **env}
        )
        self._started.append(service)
        return service.start()

    def ledgerline(self, *arguments: str, name: str | None = None, **env: str) -> Service:
        """Start `ledgerline ARGUMENTS`, as `python -m services.cli.main` of this source tree."""
        return self.start(name or arguments[0], [sys.executable, "-m", "services.cli.main", *arguments], **env)

    def kill_all(self) -> None:
        """Kill whatever still runs."""
        for service in self._started:
            service.kill()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Start real child processes; all are killed and reaped when the test ends."""
    started = Processes(tmp_path)
    yield started
    started.kill_all()
