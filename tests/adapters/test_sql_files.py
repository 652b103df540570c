"""Named statements out of .sql files."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.sql_files import SqlFileError, load_sql, parse_sql

Package = Callable[..., str]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """Make an importable package with the given .sql files; return its name."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name: str, **sql: str) -> str:
        folder = tmp_path / name / "sql"
        folder.mkdir(parents=True)
        (tmp_path / name / "__init__.py").write_text("")
        for stem, text in sql.items():
            (folder / f"{stem}.sql").write_text(text)
        monkeypatch.delitem(sys.modules, name, raising=False)
        return name

    return make


def test_statements_have_names_descriptions_and_text(package: Package) -> None:
    name = package(
        "shelf",
        a="-- The keys.\n\n-- name: find_key\n-- A key by its hash,\n-- for every request.\nSELECT 1;\n\n-- odd\nSELECT 2;\n",
        b="-- name: drop_key\n-- Revoked keys.\nDELETE FROM key\n",
    )
    sql = load_sql(name)
    assert dict(sql) == {"find_key": "SELECT 1;\n\n-- odd\nSELECT 2;", "drop_key": "DELETE FROM key"}
    assert sql.statement("find_key").description == "A key by its hash, for every request."
    assert load_sql(name) is sql


def test_a_missing_name_lists_the_known_ones(package: Package) -> None:
    sql = load_sql(package("known", a="-- name: one\n-- It.\nSELECT 1"))
    with pytest.raises(KeyError, match="known has no SQL statement 'two'; it has: one"):
        sql["two"]
    assert sql.get("two") is None


def test_a_duplicate_over_two_files_is_an_error(package: Package) -> None:
    text = "-- name: one\n-- It.\nSELECT 1"
    with pytest.raises(SqlFileError, match=r"statement one is in a\.sql and again in b\.sql"):
        load_sql(package("twice", a=text, b=text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT 1;\n", "x.sql:1: SQL before the first"),
        ("-- name: one\nSELECT 1;\n", "statement one needs a `--` line"),
        ("-- name: one\n-- It.\n\n-- name: two\n-- It.\nSELECT 1", "statement one is empty"),
        ("-- name: Not Snake\n-- It.\nSELECT 1", "x.sql:1: 'Not Snake' is no snake_case name"),
    ],
)
def test_files_that_break_the_rules_are_refused(text: str, message: str) -> None:
    with pytest.raises(SqlFileError, match=message):
        list(parse_sql(text, "x.sql"))


def test_a_package_without_statements_is_told_so() -> None:
    with pytest.raises(SqlFileError, match="domain has no folder sql/"):
        load_sql("domain")
