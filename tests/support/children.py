"""Child processes that die with us, even when we are killed."""

import shutil
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path


def tied(command: Sequence[str]) -> list[str]:
    """Return the command so that the kernel kills it when its parent is gone (Linux; elsewhere unchanged).

    The kernel means the parent's thread, so this holds only for children started by the main thread.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None or threading.current_thread() is not threading.main_thread():
        return list(command)
    return [setpriv, "--pdeathsig", "KILL", "--", *command]


def spawn(
    command: Sequence[str], log: Path, *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a child whose output is appended to `log`; it has a process group of its own and no input."""
    with log.open("ab") as output:
        return subprocess.Popen(
            tied(command), stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env, cwd=cwd, process_group=0
        )
