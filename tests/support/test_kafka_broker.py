"""The harness itself: a broker that is shared and goes with its last user, a cluster that survives a node's death."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from tests.support.kafka import shared
from tests.support.kafka.cluster import KafkaCluster
from tests.support.kafka.jars import KafkaUnavailable
from tests.support.kafka_broker import Kafka
from tests.support.paths import ROOT
from tests.support.processes import Processes
from tests.support.waiting import eventually


def send(address: str, topic: str, values: list[bytes]) -> None:
    producer = KafkaProducer(bootstrap_servers=address.split(","), enable_idempotence=True, acks="all")
    try:
        for future in [producer.send(topic, value=value, key=b"k") for value in values]:
            future.get(timeout=60)
    finally:
        producer.close()


def read(address: str, topic: str, count: int) -> list[bytes]:
    consumer = KafkaConsumer(bootstrap_servers=address.split(","), enable_auto_commit=False)
    try:
        consumer.assign([TopicPartition(topic, 0)])
        consumer.seek_to_beginning()
        values: list[bytes] = []
        deadline = time.monotonic() + 60
        while len(values) < count and time.monotonic() < deadline:
            for records in consumer.poll(timeout_ms=500).values():
                values += [record.value for record in records]
        return values
    finally:
        consumer.close()


def test_records_come_back_in_order(kafka: Kafka) -> None:
    topic = kafka.create_topic("orders")
    values = [str(number).encode() for number in range(200)]
    send(kafka.bootstrap_servers, topic, values)
    assert read(kafka.bootstrap_servers, topic, 200) == values


def test_the_program_prints_its_address_and_goes_on_sigterm(processes: Processes, kafka: Kafka) -> None:
    broker = processes.start("broker", [sys.executable, "-m", "tests.support.kafka_broker"])
    broker.wait_for_output("127.0.0.1:", within=150)
    address = broker.output().strip()
    assert address != kafka.bootstrap_servers
    children = subprocess.run(
        ["pgrep", "-P", str(broker.pid)], capture_output=True, text=True, check=True
    ).stdout.split()
    assert broker.stop() == 0
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_users_share_a_node_which_goes_with_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kafka: Kafka
) -> None:
    """Users are child processes, killed; the keeper must notice."""
    script = f"""
import sys, pathlib
from tests.support.kafka import shared
shared.FOLDER = pathlib.Path({str(tmp_path)!r})
shared.USERS, shared.STATE, shared.KEEPER = (shared.FOLDER / n for n in ("users.lock", "state.json", "keeper.lock"))
if sys.argv[1] == "keep":
    shared._keep()
else:
    shared.subprocess.run = lambda command, _run=shared.subprocess.run, **rest: _run(
        [sys.executable, __file__, "keep"] if "tests.support.kafka.shared" in command else command, **rest)
    with shared.shared_broker() as address:
        print(address, flush=True)
        sys.stdin.read()
"""
    program = tmp_path / "user.py"
    program.write_text(script)

    def user() -> subprocess.Popen[str]:
        command = [sys.executable, str(program), "use"]
        environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    users = [user(), user()]
    addresses = {one.stdout.readline().strip() for one in users if one.stdout}
    assert len(addresses) == 1
    assert addresses != {kafka.bootstrap_servers}
    assert json.loads((tmp_path / "state.json").read_text()) == {"address": next(iter(addresses))}
    for one in users:
        one.send_signal(signal.SIGKILL)
        one.communicate()
    monkeypatch.setattr(shared, "KEEPER", tmp_path / "keeper.lock")
    monkeypatch.setattr(shared, "STATE", tmp_path / "state.json")
    eventually(lambda: not shared._kept(), what="the keeper gone")
    assert not (tmp_path / "state.json").exists()


def test_a_cluster_loses_a_leader_and_nothing_else(kafka_cluster: KafkaCluster) -> None:
    kafka_cluster.create_topic("orders")
    leader = kafka_cluster.leader_of("orders")
    send(kafka_cluster.bootstrap_servers, "orders", [b"before"])
    kafka_cluster.kill(leader)
    assert kafka_cluster.leader_of("orders", other_than=leader) != leader
    send(kafka_cluster.bootstrap_servers, "orders", [b"after"])
    kafka_cluster.start(leader)
    assert kafka_cluster.alive() == [1, 2, 3]
    assert read(kafka_cluster.bootstrap_servers, "orders", 2) == [b"before", b"after"]


def test_without_java_and_docker_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(
        KafkaUnavailable, match=r"no Java .* no Docker engine answers, and LEDGERLINE_TEST_KAFKA is not"
    ):
        shared._node(tmp_path, {"a": "b"})
