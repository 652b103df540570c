"""Any process is killed at any moment, PostgreSQL and brokers as well: nothing is lost, nothing is doubled.

Two of each process, three brokers and a database of their own. Clerks type invoices in and sync automatic ones, each
command with its key until it is acknowledged; meanwhile a seeded schedule kills. In the end what was acknowledged is
there once, to the cent; the read models equal a replay; and a plain Kafka client has every event.
"""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from domain.identity import provider_invoice_stream
from services.settings import Settings
from services.verification import verify_everything
from tests.faults.automatic import Listed, make_provider
from tests.faults.conftest import Steady
from tests.faults.killing import Killer
from tests.faults.steady_client import Acknowledged, Clerk, SteadyHttp
from tests.support.kafka.cluster import KafkaCluster
from tests.support.own_postgres import OwnPostgres, own_postgres
from tests.support.processes import Processes
from tests.support.stack import SERVICES, Stack
from tests.support.topic_reader import Taken, assert_chained, once_each, read_topics
from tests.support.waiting import eventually

PASSWORD = "of-this-test"
FIRST_KEY = "The first admin key, shown only now:"
KILLS = {"api": 2, "relay": 2, "projector": 2, "worker": 2, "scheduler": 1, "postgres": 1, "broker": 1}


@pytest.fixture
def postgres() -> Iterator[OwnPostgres]:
    with own_postgres() as server:
        server.make_user("ledgerline", PASSWORD)
        yield server


@pytest.fixture
def stack(
    processes: Processes,
    postgres: OwnPostgres,
    kafka_cluster: KafkaCluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Stack:
    """Two of each service."""
    variables = {
        "LEDGERLINE_DATABASE_URL": postgres.url("ledgerline", PASSWORD),
        "LEDGERLINE_DATABASE_POOL": "4",
        "LEDGERLINE_KAFKA_BOOTSTRAP_SERVERS": kafka_cluster.bootstrap_servers,
        "LEDGERLINE_DATA": str(tmp_path / "data"),
        "LEDGERLINE_IMPORT_ROOTS": str(tmp_path / "incoming"),
        "LEDGERLINE_RATE_LIMIT": "0",
        "LEDGERLINE_LOG_FORMAT": "json",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    started = Stack(processes)
    for kind in SERVICES:
        for _ in range(2):
            started.start(kind, [kind], variables)
    started.wait_until_ready(within=180)
    return started


@pytest.mark.timeout(1500)
def test_whatever_is_killed_nothing_is_lost_or_doubled(
    stack: Stack, postgres: OwnPostgres, kafka_cluster: KafkaCluster, tmp_path: Path, steady: Steady
) -> None:
    addresses = [member.address for member in stack.of("api")]
    key = full_key(stack)
    admin = steady(addresses, key)
    provider = make_provider(tmp_path / "incoming", admin, count=6, lines=1500)
    enough = threading.Event()
    clerks = [Clerk(f"P{n}", n, steady(addresses[n:] + addresses[:n], key), enough) for n in range(2)]
    killer = Killer(stack, postgres, kafka_cluster, lambda: progress(clerks), random.Random(20261122))
    for clerk in clerks:
        clerk.start()
    try:
        for number, victim in enumerate(killer.schedule(KILLS)):
            if number % 3 == 0:
                provider.list_more()
                admin.command(f"sync-{number}", "POST", "/providers/AUTO/sync", json={})
            if number == 10:
                admin.command("daily", "POST", "/jobs/provider-sync/run")
            killer.strike(victim)
    finally:
        enough.set()
        for clerk in clerks:
            clerk.join()
    assert [clerk.failed for clerk in clerks] == [None] * len(clerks)
    killer.mend()
    stack.wait_until_ready(within=180)

    provider.list_more(len(provider.listed))  # whatever the kills left no time for
    settle(admin)
    invoices = [invoice for clerk in clerks for invoice in clerk.invoices]
    assert_each_is_there_once(admin, invoices, provider.listed)
    for invoice in invoices:
        assert_lines_are_there_once(admin, UUID(invoice.id), len(invoice.amounts), invoice.total)
    for offered in provider.listed:
        wanted = provider_invoice_stream("AUTO", offered.number).id
        assert_lines_are_there_once(admin, wanted, offered.lines, offered.sum)
    assert_repeats_change_nothing(admin, clerks)
    settings = Settings(_env_file=None)
    url = settings.database_conninfo() or ""
    assert {c.name: c.findings for c in verify_everything(url, settings) if not c.sound} == {}
    assert_the_topics_have_it_all(url, kafka_cluster, invoices)
    assert stack.stop() == dict.fromkeys(stack.members, 0)


def full_key(stack: Stack) -> str:
    """A key that may do everything here; made with the admin key that one of the APIs has printed."""

    def printed() -> str | None:
        said = [line for api in stack.of("api") for line in api.service.output().splitlines()]
        return said[said.index(FIRST_KEY) + 1] if FIRST_KEY in said else None

    address, secret = stack.of("api")[0].address, eventually(printed, what="the first key") or ""
    body = {"subject": "billing", "roles": ["admin", "auditor", "operator"]}
    with closing(SteadyHttp([address], secret)) as first:
        made: str = first.command("billing-key", "POST", "/keys", json=body)["secret"]
    return made


def progress(clerks: list[Clerk]) -> int:
    """What the clerks got done; fails when one of them has given up."""
    assert [clerk.failed for clerk in clerks if clerk.failed] == []
    return sum(clerk.done for clerk in clerks)


def settle(admin: SteadyHttp) -> None:
    """Wait for all that was begun; sync what lost its worker too often; wait until readers have it."""

    def at_rest() -> bool:
        open_ = admin.send("GET", "/operations", params={"status": ["queued", "running"]})["items"]
        return not open_

    eventually(at_rest, within=180, every=0.5, what="all operations have ended")
    job = eventually(lambda: admin.send("GET", "/jobs/provider-sync")["last"]["outcome"], within=180, every=0.5)
    assert job == "ok"
    last = admin.command("sync-at-last", "POST", "/providers/AUTO/sync", json={})
    eventually(lambda: admin.send("GET", f"/operations/{last['id']}")["status"] == "done", within=180, every=0.5)
    head = admin.send("GET", "/events", params={"limit": 1})["head"]
    eventually(lambda: admin.send("GET", "/feed/position")["position"] >= head, within=180, every=0.2)
    for path in ("/provider-invoices", "/problem-invoices", "/import-summaries"):
        eventually(lambda p=path: admin.send("GET", p, params={"at_least": head}), within=180, every=0.2)  # type: ignore[misc]


def assert_each_is_there_once(admin: SteadyHttp, invoices: list[Acknowledged], listed: list[Listed]) -> None:
    wanted = {("PAPER", i.number): (i.status_reason, i.attempt) for i in invoices}
    wanted |= {("AUTO", offered.number): ("active", None) for offered in listed}
    rows = every_row(admin)
    assert Counter((row["provider"], row["invoice_number"]) for row in rows) == Counter(wanted.keys())
    for row in rows:
        reason, attempt = wanted[row["provider"], row["invoice_number"]]
        assert row["status_reason"] == reason, row
        assert attempt in {None, row["attempt"]}, row
        assert row["incomplete_since"] is None, row


def every_row(admin: SteadyHttp) -> list[dict[str, Any]]:
    """All pages of the list, deleted ones too."""
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = admin.send(
            "GET", "/provider-invoices", params={"limit": 200, "status": ["active", "inactive", "deleted"], **cursor}
        )
        rows += page["items"]
        if page["next_cursor"] is None:
            return rows
        cursor = {"cursor": page["next_cursor"]}


def assert_lines_are_there_once(admin: SteadyHttp, invoice: UUID, count: int, total: Decimal) -> None:
    """The lines of the present attempt, against a sum of what was sent."""
    amounts: list[Decimal] = []
    numbers: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = admin.send("GET", f"/provider-invoices/{invoice}/lines", params={"limit": 200, "count": "no", **cursor})
        amounts += [Decimal(line["amount"]) for line in page["items"]]
        numbers += [line["number"] for line in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert len(numbers) == len(set(numbers)) == count
    assert sum(amounts, Decimal(0)) == total


def assert_repeats_change_nothing(admin: SteadyHttp, clerks: list[Clerk]) -> None:
    """Each command once more, with its key: the answer that was given, and no event."""
    head = admin.send("GET", "/events", params={"limit": 1})["head"]
    for clerk in clerks:
        for key, method, path, request, answer in clerk.told:
            assert admin.command(key, method, path, **request) == answer
    assert admin.send("GET", "/events", params={"limit": 1})["head"] == head


def assert_the_topics_have_it_all(url: str, cluster: KafkaCluster, invoices: list[Acknowledged]) -> None:
    with psycopg.connect(url) as connection:
        stored = connection.execute("SELECT event_id, originator_id, originator_version FROM stored_events").fetchall()
    applied = once_each(read_topics(cluster.bootstrap_servers))
    assert {r.headers["ce_id"] for events in applied.values() for r in events} == {str(row[0]) for row in stored}
    for events in applied.values():
        assert_chained(events)
    for invoice in invoices:
        assert_story_is_told_once(applied[f"provider-invoice/{invoice.id}"], invoice)


def assert_story_is_told_once(events: list[Taken], invoice: Acknowledged) -> None:
    types = Counter(event.headers["ce_type"].removeprefix("provider-invoice.") for event in events)
    assert types["population-started"] == invoice.attempt
    assert types["lines-populated"] == invoice.parts
