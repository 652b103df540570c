"""The database of a command that reads the record: the one set, or the embedded one for as long as it runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.embedded_postgres import EmbeddedPostgres
from adapters.migrate import migrate
from services.settings import Settings


@contextmanager
def database_of(settings: Settings) -> Iterator[str]:
    """Its connection string, with the schema up to date."""
    url = settings.database_conninfo()
    if url is not None:
        migrate(url)
        yield url
        return
    server = EmbeddedPostgres.start(settings.data)
    try:
        migrate(server.url)
        yield server.url
    finally:
        server.stop()
