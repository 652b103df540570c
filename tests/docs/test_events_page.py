"""What docs/events.md says is so: its consumer runs, its tables are those of the code."""

import re
from pathlib import Path
from typing import Any

import pytest

from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import create_topics, delete_topics
from adapters.schemas.asyncapi import HEADERS
from domain.facts import PARTITIONS, TOPIC_OF_KIND
from tests.support.feeding import Written, running_relay, until_relayed
from tests.support.kafka_broker import Kafka

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")


class Enough(Exception):
    """The test has seen what it wanted."""


def example() -> dict[str, Any]:
    """What the page's code defines."""
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert code is not None
    names: dict[str, Any] = {}
    exec(compile(code[1], "docs/events.md", "exec"), names)
    return names


def test_the_consumer_applies_every_event_once_in_order(database: str, kafka: Kafka):
    settings = KafkaSettings(bootstrap_servers=(kafka.bootstrap_servers,), prefix=kafka.prefix)
    create_topics(settings)
    written = Written(database)
    written.write(60)
    versions: dict[str, int] = {}
    applied: list[tuple[str, int]] = []

    def apply(headers: dict[str, str], event: dict[str, Any]) -> None:
        assert isinstance(event, dict)
        versions[headers["ce_subject"]] = int(headers["ce_streamversion"])
        applied.append((headers["ce_id"], int(headers["ce_sequence"])))
        if len(applied) == 60:
            raise Enough

    with running_relay(database, settings):
        until_relayed(database, settings, 60)
    with pytest.raises(Enough):
        example()["follow"](
            [kafka.bootstrap_servers], kafka.name("docs"), lambda s: versions.get(s, 0), apply, prefix=kafka.prefix
        )
    assert sorted(applied, key=lambda a: a[1]) == [(str(r.event_id), r.position) for r in written.records]
    delete_topics(settings)


def test_the_page_names_every_header_and_no_other():
    table = PAGE.partition("## A record")[2].partition("## How to apply")[0]
    named = set(re.findall(r"`((?:ce_[a-z]+)|traceparent|content-type)`", table))
    assert named == set(HEADERS)


def test_the_page_has_the_topics_with_their_partitions_and_known_kinds():
    rows = re.findall(r"^\| `ledgerline\.([a-z-]+)` \| (\d+) \| ([^|]*) \|", PAGE, re.MULTILINE)
    assert {topic: int(count) for topic, count, _ in rows} == dict(PARTITIONS)
    for topic, _, kinds in rows:
        for kind in re.findall(r"`([a-z-]+)`", kinds):
            assert TOPIC_OF_KIND[kind] == topic
