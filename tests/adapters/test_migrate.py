"""Migrations: in order, once, whole or not at all, with any number of processes and kills."""

import multiprocessing
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from adapters.migrate import LOCK, MigrationFailed, migrate
from tests.support.waiting import eventually

Files = Callable[..., str]

FUNCTION = """-- A function whose body has what splits badly.
CREATE FUNCTION count_up(n int) RETURNS int LANGUAGE plpgsql AS $body$
DECLARE x int := 0;
BEGIN
  FOR i IN 1..n LOOP IF i % 2 = 0 THEN x := x + 1; ELSIF i = 7 THEN CONTINUE; END IF; END LOOP;
  BEGIN PERFORM 1; EXCEPTION WHEN division_by_zero THEN RAISE EXCEPTION 'x; % y', n; END;
  RETURN CASE WHEN x > 0 THEN x ELSE 0 END;
END;
$body$;
CREATE FUNCTION plus_one(x int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT x + 1; END;
DO $$ BEGIN FOR i IN 1..3 LOOP EXECUTE format('CREATE TABLE part_%s (x int)', i); END LOOP; END $$;
"""


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Make a package of migration files; return its name."""
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / f"changes_{tmp_path.name}"
    folder.mkdir()
    (folder / "__init__.py").write_text("")

    def write(**texts: str) -> str:
        for name, text in texts.items():
            (folder / f"{name.removeprefix('m')}.sql").write_text(text)
        sys.modules.pop(folder.name, None)
        return folder.name

    return write


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return {row[0] for row in rows if not row[0].startswith("_yoyo")}


def test_files_are_applied_once_in_order(empty_database: str, migrations: Files) -> None:
    package = migrations(
        m0002_a_more="ALTER TABLE a ADD COLUMN y int; CREATE TABLE b (x int)", m0001_a_first="CREATE TABLE a (x int)"
    )
    assert migrate(empty_database, package) == ["0001_a_first", "0002_a_more"]
    assert migrate(empty_database, package) == []
    migrations(m0003_a_function=FUNCTION)
    assert migrate(empty_database, package) == ["0003_a_function"]
    assert tables(empty_database) == {"a", "b", "part_1", "part_2", "part_3"}
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT count_up(6), plus_one(1)").fetchone() == (3, 2)


def test_a_file_that_fails_leaves_nothing_and_is_tried_again(empty_database: str, migrations: Files) -> None:
    package = migrations(m0001_a_first="CREATE TABLE a (x int)", m0002_b_bad="CREATE TABLE b (x int); SELECT 1 / 0")
    with pytest.raises(MigrationFailed, match=r"0002_b_bad\.sql was not applied: division by zero"):
        migrate(empty_database, package)
    assert tables(empty_database) == {"a"}
    migrations(m0002_b_bad="CREATE TABLE b (x int)")
    assert migrate(empty_database, package) == ["0002_b_bad"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"m1_first": "SELECT 1"}, "1_first.sql is not named NNNN_area_what.sql"),
        ({"m0001_a_b": "SELECT 1", "m0001_a_c": "SELECT 1"}, "Two migrations have the same number"),
        ({"m0001_a_b": "-- transactional: false\nSELECT 1"}, "asks to run outside a transaction"),
    ],
)
def test_files_that_break_the_rules_are_refused(
    empty_database: str, migrations: Files, files: dict[str, str], message: str
) -> None:
    with pytest.raises(MigrationFailed, match=message):
        migrate(empty_database, migrations(**files))
    assert tables(empty_database) == set()


def test_sixteen_processes_at_once(empty_database: str, migrations: Files) -> None:
    package = migrations(m0001_a_first="CREATE TABLE a (x int)", m0002_a_row="INSERT INTO a VALUES (1)")
    context = multiprocessing.get_context("fork")
    with context.Pool(16) as pool:
        applied = pool.starmap(migrate, [(empty_database, package)] * 16, chunksize=1)
    assert sorted(name for names in applied for name in names) == ["0001_a_first", "0002_a_row"]
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT x FROM a").fetchall() == [(1,)]


def test_a_process_killed_in_the_middle_leaves_nothing(empty_database: str, migrations: Files) -> None:
    package = migrations(m0001_a_first="CREATE TABLE a (x int); SELECT pg_sleep(600)")
    process = multiprocessing.get_context("fork").Process(target=migrate, args=(empty_database, package))
    process.start()
    with psycopg.connect(empty_database, autocommit=True) as connection:
        eventually(
            lambda: connection.execute(
                "SELECT 1 FROM pg_stat_activity "
                "WHERE datname = current_database() AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"
            ).fetchone()
        )
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        # The server notices a dead client only when it writes to it; in life that ends with the statement.
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert connection.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database AND d.datname = current_database() "
            "WHERE locktype = 'advisory' AND (classid::bigint << 32) + objid::bigint = %s",
            (LOCK,),
        ).fetchone() == (0,)
    assert tables(empty_database) == set()
    migrations(m0001_a_first="CREATE TABLE a (x int)")
    assert migrate(empty_database, package) == ["0001_a_first"]


def test_over_tcp_with_a_password_nothing_is_new(tcp_database: str) -> None:
    assert migrate(tcp_database) == []
    with pytest.raises(psycopg.OperationalError, match="password"):
        migrate(tcp_database.replace(":test@", ":wrong@"))
