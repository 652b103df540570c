"""What passes by itself is waited for, what does not is raised at once."""

import psycopg
import pytest
from psycopg_pool import PoolTimeout

from adapters.migrate import MigrationFailed
from adapters.outage import Outage, away
from commands.ports.event_store import StoreUnavailable
from commands.ports.key_vault import VaultUnavailable
from tests.support.ports import free_port
from tests.support.recovering import RecoveringPostgres


def refusal(url: str) -> psycopg.OperationalError:
    with pytest.raises(psycopg.OperationalError) as found:
        psycopg.connect(url)
    return found.value


def raised_from(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.AdminShutdown(),
        psycopg.errors.CrashShutdown(),
        psycopg.errors.CannotConnectNow(),
        psycopg.errors.ConnectionFailure(),
        psycopg.errors.TooManyConnections(),
        psycopg.OperationalError("server closed the connection unexpectedly"),
        psycopg.InterfaceError("the connection is closed"),
        PoolTimeout("no connection within 15 s"),
        StoreUnavailable("the database did not answer"),
        raised_from(MigrationFailed("half-way"), psycopg.errors.AdminShutdown()),
        raised_from(VaultUnavailable("does not answer"), psycopg.OperationalError("connection refused")),
    ],
)
def test_what_passes(error: Exception):
    assert away(error)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.UndefinedTable(),
        psycopg.errors.InsufficientPrivilege(),
        raised_from(MigrationFailed("0002_b_bad.sql"), psycopg.errors.SyntaxError()),
        VaultUnavailable("another vault's master key"),
        ValueError("a setting"),
    ],
)
def test_what_does_not(error: Exception):
    assert not away(error)
    with pytest.raises(type(error)):
        Outage(None).pause_after(error)


def test_a_server_that_is_not_there_or_not_yet_there_is_waited_for_longer_and_longer(tcp_database: str):
    with RecoveringPostgres(tcp_database) as server:
        outage = Outage(server.url)
        pauses = [outage.pause_after(refusal(server.url))]
        server.recover()
        error = refusal(server.url)
        assert "not yet accepting connections" in str(error)
        pauses.append(outage.pause_after(error))
        server.come_up()
        pauses += [outage.pause_after(error) for _ in range(5)]  # it came up since
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


def test_a_wait_has_an_end():
    now = 0.0
    outage = Outage(f"postgresql://127.0.0.1:{free_port()}/x", patience=600, clock=lambda: now)
    error = refusal(f"postgresql://127.0.0.1:{free_port()}/x")
    now = 600.0
    assert outage.pause_after(error) > 0
    now = 601.0
    with pytest.raises(StoreUnavailable, match="did not answer for 600 s"):
        outage.pause_after(error)


@pytest.mark.parametrize(
    ("right", "wrong"), [(":test@", ":wrong@"), ("//postgres:", "//nobody:"), ("/test_", "/tset_")]
)
def test_a_server_that_refuses_us_is_no_outage(tcp_database: str, right: str, wrong: str):
    url = tcp_database.replace(right, wrong)
    assert url != tcp_database
    error = refusal(url)
    with pytest.raises(psycopg.OperationalError) as raised:
        Outage(url).pause_after(error)
    assert raised.value is error
