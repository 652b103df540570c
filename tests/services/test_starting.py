"""A process that starts while the database is away, starting or recovering waits for it, alive and not ready."""

import httpx
import pytest

from tests.support.kafka_broker import Kafka
from tests.support.processes import Processes
from tests.support.recovering import RecoveringPostgres
from tests.support.stack import SERVICES, Stack

WAITS = "database_is_waited_for"


def variables(url: str, tmp_path) -> dict[str, str]:
    return {
        "LEDGERLINE_DATABASE_URL": url,
        "LEDGERLINE_DATABASE_POOL": "4",
        "LEDGERLINE_DATA": str(tmp_path / "data"),
        "LEDGERLINE_LOG_FORMAT": "json",
    }


@pytest.fixture
def recovering(tcp_database: str):
    with RecoveringPostgres(tcp_database) as server:
        yield server


def test_each_of_the_processes_waits_and_becomes_ready(
    processes: Processes, recovering: RecoveringPostgres, kafka: Kafka, tmp_path
):
    settings = variables(recovering.url, tmp_path) | {
        "LEDGERLINE_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "LEDGERLINE_KAFKA_TOPIC_PREFIX": kafka.prefix,
        "LEDGERLINE_KAFKA_REPLICATION": "1",
        "LEDGERLINE_KAFKA_MIN_INSYNC": "1",
    }
    stack = Stack(processes)
    for kind in SERVICES:
        stack.start(kind, [kind], settings)
    for member in stack:
        member.service.wait_for_output(WAITS)
    recovering.recover()
    for member in stack:
        member.service.wait_for_output("not yet accepting connections")
    for member in stack:
        if member.kind == "api":
            with pytest.raises(httpx.ConnectError):
                member.answers("readyz")
            continue
        said = httpx.get(f"{member.address}/readyz", timeout=30)
        assert (said.status_code, "waits for the database" in said.json()["start"]) == (503, True), member.kind
        assert member.answers("healthz"), member.kind
    recovering.come_up()
    stack.wait_until_ready()
    assert stack.stop() == dict.fromkeys(stack.members, 0)
    assert ["database_is_there" in member.service.output() for member in stack] == [True] * len(SERVICES)


def test_all_in_one_process_waits_too(processes: Processes, recovering: RecoveringPostgres, tmp_path):
    stack = Stack(processes)
    up = stack.start("api", ["up"], variables(recovering.url, tmp_path))
    up.service.wait_for_output(WAITS)
    recovering.come_up()
    stack.wait_until_ready()
    assert stack.stop() == {up.name: 0}


@pytest.mark.parametrize("kind", ["projector", "worker"])
def test_asked_to_end_while_it_waits_it_ends(processes: Processes, recovering: RecoveringPostgres, tmp_path, kind: str):
    member = Stack(processes).start(kind, [kind], variables(recovering.url, tmp_path))
    member.service.wait_for_output(WAITS)
    assert member.service.stop() == 0


@pytest.mark.parametrize("kind", ["api", "projector", "worker"])
def test_a_server_that_refuses_us_is_not_waited_for(processes: Processes, tcp_database: str, tmp_path, kind: str):
    wrong = variables(tcp_database.replace(":test@", ":wrong@"), tmp_path)
    member = Stack(processes).start(kind, [kind], wrong)
    assert member.service.wait() == 3
    assert "password authentication failed" in member.service.output()
    assert WAITS not in member.service.output()
