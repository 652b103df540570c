"""Rows of a read model's tables in PostgreSQL: loaded by key, written back as they are, a batch in one statement."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
import psycopg
from psycopg import sql
from psycopg.rows import args_row
from psycopg.types.string import TextLoader

from adapters.sql_files import load_sql
from projections.read_model import ReadModel, Table

Row = tuple[Any, ...]
Connection = psycopg.Connection[Any]

LIVE: Final = "read_models"
"""The schema that queries read."""

NEXT: Final = "read_models_next"
"""The schema in which a rebuild fills its tables."""

REFUSED: Final = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded)
"""What PostgreSQL says of a row that it will never take: trying again is of no use."""

SQL: Final = load_sql("adapters.projector")


class TableRows:
    """Reads and writes the rows of one table in one schema. Ids are text in rows, whatever the column is."""

    def __init__(self, table: Table[Any], schema: str) -> None:
        self.name = table.name
        self.row = table.row
        self.columns = table.columns
        names = [sql.Identifier(c) for c in self.columns]
        parts = {
            "table": sql.Identifier(schema, table.name),
            "key": names[0],
            "columns": sql.SQL(", ").join(names),
            "assignments": sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(n) for n in names[1:]),
        }
        self.qualified = f"{schema}.{table.name}"
        self._parts = parts
        self._upsert = sql.SQL(SQL["upsert_rows"]).format(**parts)
        self._load: sql.Composed | None = None

    def start_loading(self, connection: Connection, keys: Iterable[str]) -> psycopg.Cursor[Any]:
        """Ask for rows; within a pipeline the answer is there after its sync."""
        if self._load is None:
            self._load = self._load_statement(connection)
        cursor = connection.cursor(row_factory=args_row(self.row))
        return cursor.execute(self._load, (list(keys),), prepare=True)

    def write(self, connection: Connection, rows: Iterable[Row]) -> None:
        """Insert or replace whole rows; one of `REFUSED` when there is one that can't be."""
        columns = self.columns
        try:
            payload = orjson.dumps([dict(zip(columns, r, strict=True)) for r in rows], default=str)
        except orjson.JSONEncodeError as error:
            raise psycopg.DataError(f"{self.name}: {error}") from error
        connection.execute(self._upsert, (payload.decode(),), prepare=True)

    def _load_statement(self, connection: Connection) -> sql.Composed:
        found = connection.execute(SQL["key_type"], (self.qualified, self.columns[0])).fetchone()
        if found is None:
            raise LookupError(f"{self.qualified} has no column {self.columns[0]}: apply the migrations")
        return sql.SQL(SQL["load_rows"]).format(**self._parts, key_type=sql.SQL(found[0]))


def tables_of(models: Sequence[ReadModel], schema: str) -> Mapping[str, TableRows]:
    """The tables of some read models by name; names are unique over all read models."""
    return {t.name: TableRows(t, schema) for m in models for t in m.tables}


def prepare(connection: Connection) -> Connection:
    """Set a connection up for projecting: ids as text, UTC, and commits that do not wait for the disk.

    Without the wait a power cut can take back the last commits: rows and position together, in order, so that the
    feed brings them again. What was decided is durable in the event store.
    """
    connection.adapters.register_loader("uuid", TextLoader)
    connection.execute("SET synchronous_commit = off")
    connection.execute("SET timezone = 'UTC'")
    connection.commit()
    return connection
