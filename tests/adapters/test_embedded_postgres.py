"""The embedded server: started once, shared, stopped by the last one, alive after every kind of death."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from adapters.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError

CHILD = """
import sys
from adapters.embedded_postgres import EmbeddedPostgres
handle = EmbeddedPostgres.start(sys.argv[1], fsync=False)
print(handle.pid, flush=True)
sys.stdin.read()
"""


def test_a_server_keeps_its_data_shares_itself_and_survives_kills(tmp_path: Path) -> None:
    """One story on one folder: creating a server takes a second, so it is told in one piece."""
    folder = tmp_path / ("long " * 30).strip() / "er"  # the socket's path would be far over 100 bytes
    with EmbeddedPostgres.start(folder, fsync=False) as first:
        with psycopg.connect(first.url) as connection:
            connection.execute("CREATE TABLE kept (x int)")
            assert connection.execute("SHOW max_connections").fetchone() == ("200",)
        with EmbeddedPostgres.start(folder, fsync=False) as second:
            assert second.url == first.url
            assert second.pid == first.pid
        with psycopg.connect(first.url) as connection:  # the one who left was not the last
            connection.execute("INSERT INTO kept VALUES (1)")
    assert first.pid is None
    assert not Path(str(conninfo_to_dict(first.url)["host"])).exists()  # the socket's own short folder
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(first.url)
    first.stop()  # repeating is harmless

    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdin is not None
    server = int(child.stdout.readline())
    child.kill()
    child.wait()
    child.stdin.close()
    child.stdout.close()

    handle = EmbeddedPostgres.start(folder, fsync=False)  # the killed process is forgotten, its server taken over
    taken_over = handle.pid
    assert taken_over == server
    os.kill(server, signal.SIGKILL)  # a stale postmaster.pid stays behind
    again = EmbeddedPostgres.start(folder, fsync=False)
    with psycopg.connect(again.url) as connection:
        assert connection.execute("SELECT x FROM kept").fetchall() == [(1,)]
    again.stop()
    handle.stop()
    assert handle.pid is None

    (folder / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{folder}/postgres\n0\n5432\n\n\n0 0\nready\n")
    with EmbeddedPostgres.start(folder, fsync=False) as after_reboot:  # its number belongs to another process now
        psycopg.connect(after_reboot.url).close()


def test_many_at_once_share_one_server(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        handles = list(pool.map(lambda _: EmbeddedPostgres.start(tmp_path, fsync=False), range(8)))
    assert len({handle.pid for handle in handles}) == 1
    for handle in handles[1:]:
        handle.stop()
    psycopg.connect(handles[0].url).close()
    handles[0].stop()
    assert handles[0].pid is None


def test_data_of_another_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    data = tmp_path / "postgres"
    data.mkdir()
    (data / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedPostgresError, match="made by PostgreSQL 17, this installation brings 18"):
        EmbeddedPostgres.start(tmp_path)
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedPostgresError, match="choose another folder"):
        EmbeddedPostgres.start(tmp_path / "file" / "under")
