"""Fixtures for all tests, and their order: quick ones first, so that a mistake is seen early."""

import gc
import sys
import warnings

import pytest

pytest_plugins = [
    "tests.support.postgres",
    "tests.support.kafka_broker",
    "tests.support.processes",
    "tests.support.smtp_server",
    "tests.support.record",
]
FAILED = pytest.StashKey[int]()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Clear away what a failed test left open: else the collector comes to it within a later test and fails that one.

    Tests that pass are not helped: what they leave open is an error.
    """
    failed = item.session.testsfailed
    if failed > item.session.stash.get(FAILED, 0):
        item.session.stash[FAILED] = failed
        sys.last_type = sys.last_value = sys.last_traceback = None  # they hold the frames of the failed test
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


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
