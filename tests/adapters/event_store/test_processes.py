"""Many processes write, are killed at any moment, and a reader that tails the record misses nothing."""

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest

from adapters.embedded_postgres import EmbeddedPostgres
from adapters.event_store import Codec, PostgresEventStore
from adapters.event_store.reader import EventReader
from adapters.event_store.rows import StoredRow
from adapters.event_store.verify import check
from adapters.migrate import migrate
from tests.adapters.event_store.samples import appended, notes, product
from tests.support.children import spawn
from tests.support.paths import ROOT
from tests.support.waiting import eventually

WRITERS = 4
KILLS = 6
ACKNOWLEDGED = re.compile(rb"^(\S+-\d+-\d+) (\d+)\n", re.MULTILINE)


class Tail(threading.Thread):
    """Reads the record as the relay does: from where it stands, as fast as it can."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.seen: list[StoredRow] = []
        self.stopped = threading.Event()
        self._reader = EventReader(url)

    def run(self) -> None:
        with self._reader:
            while not self.stopped.is_set():
                self.step()

    def step(self) -> bool:
        rows = self._reader.read(self.seen[-1].position if self.seen else 0, 500)
        self.seen.extend(rows)
        return bool(rows)


class Writers:
    """Child processes; each restart has a new name, all outputs are kept."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        self._names = 0
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        self._names += 1
        name = f"w{self._names}"
        command = [sys.executable, "-m", "tests.support.append_load", self._url, name]
        self.running.append(spawn(command, self._folder / name, cwd=ROOT))

    def kill(self, number: int) -> None:
        process = self.running.pop(number)
        process.kill()
        process.wait()

    def acknowledged(self) -> dict[str, int]:
        found = (ACKNOWLEDGED.findall(log.read_bytes()) for log in self._folder.iterdir())
        return {note.decode(): int(position) for log in found for note, position in log}


@pytest.mark.processes
@pytest.mark.timeout(180)
def test_writers_are_killed_and_nothing_is_lost_doubled_or_late(database: str, tmp_path: Path) -> None:
    chance = random.Random(3)
    tail, writers = Tail(database), Writers(database, tmp_path)
    tail.start()
    try:
        for _ in range(WRITERS):
            writers.start()
        eventually(lambda: len(writers.acknowledged()) > 100, within=60, what="writers write")
        for kill in range(KILLS):
            before = len(writers.acknowledged())
            eventually(lambda: len(writers.acknowledged()) > before + 100, within=60, what="writers go on")  # noqa: B023
            writers.kill(chance.randrange(len(writers.running)))
            writers.start()
            if kill % 2:
                end_a_server_process(database)
    finally:
        while writers.running:
            writers.kill(0)
        tail.stopped.set()
        tail.join()
    eventually(lambda: not busy(database), what="the server has ended what the killed ones had begun")
    with EventReader(database) as reader:
        stored = [row for start in range(0, reader.head(), 5000) for row in reader.read(start, 5000)]
    seen = [row.position for row in tail.seen]
    assert len(seen) > 500
    assert seen == [row.position for row in stored[: len(seen)]], "something came into sight late"
    assert [row.position for row in stored] == list(range(1, len(stored) + 1))
    assert all(a.recorded_at <= b.recorded_at for a, b in pairwise(stored))
    last: Counter[str] = Counter()
    for row in stored:
        last[row.subject] += 1
        assert row.version == last[row.subject]
    ends = {note_of(row): row.commit_id + row.commit_size - 1 for row in stored}
    acknowledged = writers.acknowledged()
    assert {note: ends.get(note) for note in acknowledged} == acknowledged, "acknowledged, but not as told"
    saves = Counter((note_of(row), row.commit_id) for row in stored)
    assert len({note for note, _ in saves}) == len(saves), "a save was stored twice"
    assert check(database).findings == []


@pytest.mark.processes
async def test_a_database_that_is_killed_and_started_again_costs_a_wait(tmp_path: Path) -> None:
    with EmbeddedPostgres.start(tmp_path / "server", max_connections=30) as server:
        migrate(server.url)
        async with await PostgresEventStore.open(server.url, Codec(), patience=60) as store:
            await appended(store, "A", "before")
            assert server.pid is not None
            os.kill(server.pid, signal.SIGQUIT)  # PostgreSQL's own way to die at once; recovery follows
            late = [asyncio.create_task(appended(store, f"S-{n}", "during")) for n in range(8)]
            again = await asyncio.to_thread(EmbeddedPostgres.start, tmp_path / "server")
            assert sorted(await asyncio.gather(*late)) == list(range(2, 10))
            assert notes(await store.load(product("A"))) == ["before"]
        again.stop()
        assert check(server.url).findings == []


def note_of(row: StoredRow) -> str:
    found = re.search(rb'"reason":"([^"]+)"', row.data)
    assert found is not None
    return found[1].decode()


def end_a_server_process(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'ledgerline append' ORDER BY pid LIMIT 1"
        )


def busy(url: str) -> bool:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name LIKE 'ledgerline %'"
        ).fetchone()
    return row is not None and row[0] > 0
