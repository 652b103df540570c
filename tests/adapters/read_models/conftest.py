"""Read models filled from plain facts by a real projector, and asked as the API asks."""

from collections.abc import AsyncIterator, Callable, Iterator

import psycopg
import pytest

from adapters.projector.decoding import StoredDecoder
from adapters.projector.lane import Lane
from adapters.projector.runner import Projector
from adapters.read_models import ReadModels
from projections.catalogue import READ_MODELS
from tests.adapters.projector.conftest import drain
from tests.support.records import Happened, MemoryFeed

Project = Callable[[Happened], None]


@pytest.fixture
def project(database: str) -> Iterator[Project]:
    """Apply what happened, what is known already left out."""
    feed = MemoryFeed()
    known = 0
    projector = Projector(
        feed, Lane("live", "test"), tuple(READ_MODELS.values()), StoredDecoder(), lambda: psycopg.connect(database)
    )

    def more(happened: Happened) -> None:
        nonlocal known
        feed.publish(happened.records[known:])
        known = len(happened.records)
        drain(projector, feed)

    yield more
    projector.close()


@pytest.fixture
async def ask(database: str) -> AsyncIterator[ReadModels]:
    models = await ReadModels.open(database, size=2)
    yield models
    await models.close()
