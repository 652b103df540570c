"""Projectors are killed at random while events arrive: afterwards the rows are those of a replay."""

import random
import sys

import httpx
import psycopg
import pytest

from services.projector import parked, verify_read_models
from tests.support.busy import BusyDay
from tests.support.feeding import Written
from tests.support.ports import free_port
from tests.support.processes import Processes, Service
from tests.support.waiting import eventually

pytestmark = pytest.mark.processes

PROGRAM = """
import sys
from services.projector import run_projector
run_projector(sys.argv[1], None, host="127.0.0.1", operations_port=int(sys.argv[2]))
"""


def start(processes: Processes, url: str, name: str) -> tuple[Service, int]:
    port = free_port()
    return processes.start(name, [sys.executable, "-c", PROGRAM, url, str(port)]), port


def watermark(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT coalesce(min(watermark), 0) FROM read_models.positions").fetchone()
    return 0 if row is None else row[0]


def test_killed_at_random(processes, database):
    chance, written = random.Random(7), Written(database)
    day = BusyDay(written.happened)
    started = [start(processes, database, f"projector-{n}") for n in range(2)]
    services = [service for service, _ in started]
    eventually(lambda: any("feed_owned" in s.output() for s in services), what="one of them owns the feed")
    for _ in range(5):
        for _ in range(chance.randint(1, 4)):
            day.happen(40)
            written.keep()
        aim = chance.randint(watermark(database), len(written.records))
        eventually(lambda aim=aim: watermark(database) >= aim, every=0.002, what=f"applied up to {aim}")
        victim = chance.choice(services)
        victim.kill()
        victim.start()
    head = len(written.records)
    eventually(lambda: watermark(database) == head, what="everything applied")
    assert parked(database) == []
    assert verify_read_models(database) == []
    for service, port in started:
        service.wait_for_url(f"http://127.0.0.1:{port}/healthz")
    assert [service.stop() for service in services] == [0, 0]


def test_asked_to_end_it_finishes_and_tells_how_it_is(processes, database):
    service, port = start(processes, database, "projector")
    service.wait_for_url(f"http://127.0.0.1:{port}/readyz")
    written = Written(database)
    BusyDay(written.happened).happen(50)
    written.keep()
    eventually(lambda: watermark(database) == len(written.records), what="everything applied")
    metrics = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    assert f'ledgerline_read_model_position{{read_model="invoice_list"}} {float(len(written.records))}' in metrics
    assert 'ledgerline_read_model_lag_events{read_model="reference_list"} 0.0' in metrics
    assert service.stop() == 0
