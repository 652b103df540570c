"""What docker-compose.yml starts, started here as plain processes: its very commands and environment.

Host names become 127.0.0.1, ports free ones, the containers' volume a folder; all else is as it stands in the file.
Against a PostgreSQL and a Kafka broker of the test's own they work off the whole of the demo's story.
"""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jsonschema
import pytest
from aiosmtpd.controller import Controller
from rich.console import Console

from commands.keys.create import MadeKey
from services.demo import chapters_imports, chapters_reading
from services.demo.mailbox import Mailbox
from services.demo.stage import Stage
from services.demo.world import make_world
from services.settings import Settings
from services.up import Running
from tests.support.compose import command, environment, replaced
from tests.support.kafka.cluster import KafkaCluster, running_cluster
from tests.support.kafka_broker import Kafka
from tests.support.own_postgres import OwnPostgres, own_postgres
from tests.support.processes import Processes
from tests.support.stack import SERVICES, Stack
from tests.support.topic_reader import TOPICS, assert_chained, once_each, read_topics
from tests.support.waiting import eventually

PASSWORD = "of-this-test"  # as an operator would set it in .env
FIRST_KEY = "The first admin key, shown only now:"


class StoppableMailbox(Mailbox):
    """A mail server that goes away and comes back on the same port."""

    def stop(self) -> None:
        self._controller.stop()

    def start(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self._port)
        self._controller.start()


@pytest.fixture
def postgres() -> Iterator[OwnPostgres]:
    with own_postgres() as server:
        server.make_user("ledgerline", PASSWORD)
        yield server


@pytest.fixture
def broker(kafka: Kafka) -> Iterator[KafkaCluster]:
    """A node of this test's own, since the topics have their real names; there is one where the shared one is."""
    assert kafka.bootstrap_servers
    with running_cluster(1) as node:
        yield node


@pytest.fixture
def mailbox() -> Iterator[StoppableMailbox]:
    with StoppableMailbox() as opened:
        yield opened


@pytest.mark.timeout(900)
def test_the_services_of_the_compose_file_do_the_main_job(
    processes: Processes,
    postgres: OwnPostgres,
    broker: KafkaCluster,
    mailbox: StoppableMailbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shell = {
        "LEDGERLINE_DATABASE_PASSWORD": PASSWORD,
        "LEDGERLINE_SMTP_URL": mailbox.url,
        "LEDGERLINE_MAIL_FROM": "ledgerline@reseller.example",
    }
    places = {
        "postgres:5432": f"127.0.0.1:{postgres.port}",
        "kafka:9092": broker.bootstrap_servers,
        "0.0.0.0": "127.0.0.1",
        "/var/lib/ledgerline": str(tmp_path),
    }
    variables = {kind: replaced(environment(kind, shell), places) for kind in SERVICES}
    stack = Stack(processes)
    for kind in SERVICES:
        stack.start(kind, command(kind), variables[kind])
    stack.wait_until_ready()
    assert_they_tell_how_they_are(stack)

    for name, value in variables["api"].items():
        monkeypatch.setenv(name, value)
    settings = Settings(_env_file=None)
    stage = Stage(
        console=Console(file=StringIO(), width=110),
        world=make_world(tmp_path / "incoming"),
        running=Running(stack.members["api-1"].address, settings.database_conninfo() or "", first_key(stack)),
        mailbox=mailbox,
        settings=settings,
        folder=tmp_path,
    )
    stage.open()
    try:
        tell(stage, mailbox)
        assert_commands_go_on_without_a_broker(stage, broker)
        assert_a_plain_kafka_client_reads_it_all(stage, broker.bootstrap_servers)
    finally:
        stage.close()

    assert stack.stop() == dict.fromkeys(stack.members, 0)
    for member in stack:
        ours = [line for line in member.service.output().splitlines() if '"logger": "kafka.' not in line]
        assert [line for line in ours if "Traceback" in line] == []


def tell(stage: Stage, mailbox: StoppableMailbox) -> None:
    """The demo's chapters, each of which checks what came of it; on the way the mail server goes away."""
    chapters_imports.set_up(stage)
    chapters_imports.daily_sync(stage)
    chapters_imports.override(stage)
    chapters_imports.mend(stage)
    chapters_imports.change(stage)
    chapters_imports.manual(stage)
    chapters_reading.invoice_list(stage)
    chapters_reading.problems(stage)
    mailbox.stop()
    said = stage.finished_job(stage.admin.send("POST", "/jobs/import-summary/run"))
    assert "not mailed yet" in said
    letters = [p for p in stage.clerk.listed("/problems") if p["problem"] == "letter_unsent"]
    assert len(letters) == 1, letters
    mailbox.start()
    chapters_reading.summary(stage)  # asked for twice more: one mail in the end
    assert [p for p in stage.clerk.listed("/problems") if p["problem"] == "letter_unsent"] == []
    chapters_reading.history(stage)
    chapters_reading.verify(stage)


def first_key(stack: Stack) -> MadeKey:
    """The key that `docker compose logs api` shows."""
    lines = stack.members["api-1"].service.wait_for_output(FIRST_KEY).output().splitlines()
    secret = lines[lines.index(FIRST_KEY) + 1]
    return MadeKey(uuid4(), 1, "first", ("admin",), secret.strip())


def assert_they_tell_how_they_are(stack: Stack) -> None:
    for member in stack:
        assert member.answers("healthz"), member.name
        metrics = httpx.get(f"{member.address}/metrics", timeout=30)
        assert metrics.headers["content-type"].startswith("text/plain"), member.name
        assert metrics.is_success, member.name


def assert_commands_go_on_without_a_broker(stage: Stage, broker: KafkaCluster) -> None:
    """What is decided while the broker is away is in the record at once, and in the lists once it is back."""
    broker.kill(1)
    header = {"invoice_date": "2026-11-05", "period_from": "2026-10-01", "period_to": "2026-10-31"}
    numbers = [f"P-{n}" for n in range(5)]
    for number in numbers:
        body = {**header, "provider": "PAPERLINE", "invoice_number": number, "currency": "EUR", "total": "0.00"}
        created = stage.clerk.send("POST", "/provider-invoices", body)
        activated = stage.clerk.send("POST", f"/provider-invoices/{created['id']}/activate", {})
        stage.expect(number, activated["status_reason"], "active")
    assert stage.clerk.get("/feed/position")["position"] < stage.clerk.position
    broker.start(1)
    listed = eventually(lambda: stage.clerk.listed("/provider-invoices", provider="PAPERLINE"), within=180)
    assert {item["invoice_number"] for item in listed} >= set(numbers)


def assert_a_plain_kafka_client_reads_it_all(stage: Stage, broker: str) -> None:
    head = stage.clerk.get("/events", limit=1)["head"]
    eventually(lambda: stage.clerk.get("/feed/position")["position"] >= head, what="the relay has sent all")
    records = read_topics(broker)
    recorded = recorded_events(stage)
    assert {r.topic.partition(".")[2] for r in records} == set(TOPICS) - {"billing-contract", "customer-invoice"}
    applied = once_each(records)
    assert {r.headers["ce_id"] for r in records} == {e["id"] for e in recorded}
    for events in applied.values():
        assert_chained(events)
    checked = Schemas(stage)
    for record in records:
        assert record.headers["ce_specversion"] == "1.0"
        assert record.headers["content-type"] == "application/json"
        checked.check(record.headers["ce_dataschema"], record.value)


def recorded_events(stage: Stage) -> list[dict[str, Any]]:
    """All of /events."""
    found: list[dict[str, Any]] = []
    after = 0
    while page := stage.clerk.get("/events", after=after, limit=200)["items"]:
        found += page
        after = page[-1]["position"]
    return found


class Schemas:
    """The schemas that the API serves; each is fetched once."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._known: dict[str, jsonschema.Draft202012Validator] = {}

    def check(self, address: str, value: bytes) -> None:
        """Fail unless the value is what its schema says."""
        if address not in self._known:
            schema = self._stage.clerk.get(f"/schemas/{address.partition('/schemas/')[2]}")
            self._known[address] = jsonschema.Draft202012Validator(schema)
        self._known[address].validate(json.loads(value))
