"""Fixtures for all tests, and their order: quick ones first, so that a mistake is seen early."""

import pytest

pytest_plugins = ["tests.support.postgres"]


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
        if {"kafka", "kafka_cluster"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.kafka)
    items.sort(key=_tier)
