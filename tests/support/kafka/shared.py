"""One node for everybody: all workers of a run, and several runs at once.

A keeper, a process of its own, runs the node. Users hold a shared lock on a file; when the keeper can take that file's
lock alone, nobody is left and it removes the node. The kernel gives up the locks of killed processes, so the node goes
also when a run is killed; and when the keeper is killed, the kernel ends the node with it.
"""

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.kafka.cluster import CLUSTER_ID
from tests.support.kafka.jars import KafkaUnavailable
from tests.support.kafka.node import DockerNode, JavaNode, properties
from tests.support.locks import file_lock
from tests.support.paths import CACHE, ROOT, quick_folder
from tests.support.ports import free_port

FOLDER = CACHE / "kafka" / "shared"
USERS, STATE, KEEPER = FOLDER / "users.lock", FOLDER / "state.json", FOLDER / "keeper.lock"
LOOK_SECONDS = 0.3
ADDRESS = "LEDGERLINE_TEST_KAFKA"


@contextlib.contextmanager
def shared_broker() -> Iterator[str]:
    """Yield the bootstrap address of the shared node, starting it if need be. Raises KafkaUnavailable.

    An address in LEDGERLINE_TEST_KAFKA is taken as it is.
    """
    if given := os.environ.get(ADDRESS):
        yield given
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    with file_lock(FOLDER / "start.lock"):
        users = os.open(USERS, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(users, fcntl.LOCK_SH)  # waits while a keeper is clearing up
            if not _kept():
                command = [sys.executable, "-m", "tests.support.kafka.shared"]
                subprocess.run(command, cwd=ROOT, check=True, stdin=subprocess.DEVNULL)
            address = _address()
        except BaseException:
            os.close(users)
            raise
    try:
        yield address
    finally:
        os.close(users)


@contextlib.contextmanager
def single_node() -> Iterator[str]:
    """Run a node of one's own; yield its address; remove it and its data."""
    with tempfile.TemporaryDirectory(prefix="ledgerline-kafka-", dir=quick_folder()) as folder:
        place = Path(folder)
        settings = properties(1, {1: free_port()}, {1: free_port()}, place / "data")
        node = _node(place, settings)
        try:
            node.launch()
            node.wait_until_started()
            yield settings["advertised.listeners"].rpartition("/")[2]
        finally:
            node.kill()


def _node(folder: Path, settings: dict[str, str]) -> JavaNode | DockerNode:
    try:
        return JavaNode(folder, settings, CLUSTER_ID)
    except KafkaUnavailable as why:
        if DockerNode.usable():
            return DockerNode(folder, settings, CLUSTER_ID)
        raise KafkaUnavailable(f"{why}, no Docker engine answers, and {ADDRESS} is not set") from None


def _kept() -> bool:
    """Tell whether a keeper lives: it holds its lock as long as it does."""
    descriptor = os.open(KEEPER, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        STATE.unlink(missing_ok=True)  # what a killed keeper left
        return False
    finally:
        os.close(descriptor)


def _address() -> str:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError):
            state = json.loads(STATE.read_text())
            if "address" in state:
                return str(state["address"])
            raise KafkaUnavailable(state["unavailable"])
        time.sleep(0.05)
    raise KafkaUnavailable(f"no node within 240 s; see {FOLDER}")


def _keep() -> None:
    """Be the keeper: detach, run the node, publish its address, wait until nobody is left."""
    keeper = os.open(KEEPER, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(keeper, fcntl.LOCK_EX)
    if os.fork():
        os._exit(0)  # the lock goes on with the child
    os.setsid()
    log = os.open(FOLDER / "keeper.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    users = os.open(USERS, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with single_node() as address:
            _publish({"address": address})
            _wait_until_unused(users)
            STATE.unlink()
    except KafkaUnavailable as why:
        _publish({"unavailable": str(why)})
        _wait_until_unused(users)
        STATE.unlink()


def _publish(state: dict[str, str]) -> None:
    partial = STATE.with_suffix(".part")
    partial.write_text(json.dumps(state))
    partial.rename(STATE)


def _wait_until_unused(users: int) -> None:
    while True:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_SECONDS)
        else:
            return  # kept until the process ends: newcomers wait, then start a keeper of their own


if __name__ == "__main__":
    _keep()
