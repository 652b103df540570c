"""Fixtures for all tests, and their order: quick ones first, so that a mistake is seen early."""

import pytest

pytest_plugins = [
    "tests.support.postgres",
    "tests.support.kafka_broker",
    "tests.support.processes",
    "tests.support.smtp_server",
    "tests.support.record",
]


def _tier(item: pytest.Item) -> int:
    """Unit tests, then those on a database, then on Kafka, then those that start processes."""
    if item.get_closest_marker("processes"):
        return 3
    if item.get_closest_marker("kafka"):
        return 2
    fixtures = getattr(item, "fixturenames", ())
    return 1 if "database_server" in fixtures else 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if {"kafka", "kafka_cluster"} & fixtures:
            item.add_marker(pytest.mark.kafka)
        if "processes" in fixtures:
            item.add_marker(pytest.mark.processes)
    items.sort(key=_tier)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = [report.longrepr[2] for report in skipped if isinstance(report.longrepr, tuple)]
    without_kafka = [reason for reason in reasons if "no Kafka broker" in reason]
    if without_kafka:
        reason = without_kafka[0].removeprefix("Skipped: ")
        terminalreporter.write_line(f"LEFT OUT: {len(without_kafka)} tests that need Kafka: {reason}", yellow=True)
