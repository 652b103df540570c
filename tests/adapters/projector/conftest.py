"""A projector over a feed in memory and a real database, with a look at what it wrote."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from adapters.projector.decoding import StoredDecoder
from adapters.projector.lane import Lane
from adapters.projector.runner import Projector
from projections.catalogue import READ_MODELS
from tests.adapters.feed.conftest import feeds, kafka_feeds, store_feeds, topics
from tests.support.records import MemoryFeed

__all__ = ["feeds", "kafka_feeds", "store_feeds", "topics"]

MODELS = tuple(READ_MODELS.values())
TABLES = [t for m in MODELS for t in m.tables]


class Look:
    """Reads what projectors wrote."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection = psycopg.connect(url, autocommit=True)

    def one(self, query: str, *values: Any) -> Any:
        row = self.connection.execute(query, values).fetchone()
        return row[0] if row and len(row) == 1 else row

    def everything(self) -> dict[str, list[Any]]:
        """All rows of all read models."""
        return {
            t.name: self.connection.execute(f"SELECT * FROM read_models.{t.name} ORDER BY {t.key}").fetchall()
            for t in TABLES
        }


@pytest.fixture
def look(database: str) -> Iterator[Look]:
    look = Look(database)
    yield look
    look.connection.close()


@pytest.fixture
def projector(database: str) -> Iterator[Callable[..., Projector]]:
    made: list[Projector] = []

    def make(feed: Any, *, lane: str = "live", models: Any = MODELS, **more: Any) -> Projector:
        projector = Projector(
            feed, Lane(lane, "test"), models, StoredDecoder(), lambda: psycopg.connect(database), **more
        )
        made.append(projector)
        return projector

    yield make
    for projector in made:
        projector.close()


def drain(projector: Projector, feed: MemoryFeed) -> None:
    """Step until everything that was published is applied."""
    while True:
        before = dict(feed.noted)
        assert projector.step(timeout=0), projector.tally.problem
        if feed.noted == before:
            return
