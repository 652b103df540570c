"""A connection that does not come about leaves no socket open."""

import gc
import warnings

import pytest
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError
from kafka.net.inet import KafkaNetSocket

from adapters.kafka.failed_sockets import LIBRARYS_OWN, close_failed_sockets
from adapters.kafka.settings import KafkaSettings, common
from tests.support.ports import free_port


@pytest.fixture(autouse=True)
def _no_records_of_logs(caplog: pytest.LogCaptureFixture) -> None:
    """They hold the exceptions, those the frames, and those the sockets."""
    caplog.set_level(100, logger="kafka")


def left_open(port: int) -> list[str]:
    """What the collector complains of after a client that got no answer."""
    settings = KafkaSettings(bootstrap_servers=(f"127.0.0.1:{port}",), connect_timeout=0.5)
    gc.collect()
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", ResourceWarning)
        with pytest.raises(KafkaError):
            KafkaAdminClient(**common(settings))
        gc.collect()
    return [str(one.message) for one in found if "socket" in str(one.message)]


def test_a_refused_connection_is_closed():
    assert left_open(free_port()) == []


def test_the_library_still_needs_it(monkeypatch):
    close_failed_sockets()
    monkeypatch.setattr(KafkaNetSocket, "connect", LIBRARYS_OWN)
    assert left_open(free_port()), "kafka-python closes them by itself: adapters.kafka.failed_sockets can go"
