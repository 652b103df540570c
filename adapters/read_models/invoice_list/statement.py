"""The statement of a search: only the conditions that are asked for, so that the planner sees what is wanted."""

from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from psycopg import sql

from adapters.read_models.cursors import by_period
from adapters.read_models.reading import any_of, columns, composed, part
from adapters.sql_files import load_sql
from projections.invoice_list.queries import STATUSES, InvoiceFilter
from projections.invoice_list.rows import InvoiceRow
from projections.paging import PageRequest

SQL: Final = load_sql("adapters.read_models.invoice_list")
PARTS: Final[dict[str, sql.Composable]] = {
    "columns": columns(InvoiceRow),
    "customer": sql.SQL(SQL["customer_columns"]),
    "customer_join": sql.SQL(SQL["customer_join"]),
    "incomplete": sql.SQL(SQL["incomplete"]),
}
GET: Final = composed(SQL, "get", **PARTS)
FIELDS: Final = (
    "customer",
    "cluster",
    "contract",
    "schedule",
    "reference",
    "number",
    "types",
    "empty",
    "total_from",
    "total_to",
    "period_from",
    "period_to",
)
"""Fields of a filter with a condition of their own name."""

EASTMOST: Final = timedelta(hours=14)
WESTMOST: Final = timedelta(hours=-12)


class Search:
    """A filter as conditions and values."""

    def __init__(self, wanted: InvoiceFilter, page: PageRequest, today: date, now: datetime | None) -> None:
        self.wanted = wanted
        self.page = page
        self.values: dict[str, Any] = {
            **asdict(wanted),
            **by_period(page),
            "shown": list(wanted.shown),
            **days(today, now),
            "reference": part(wanted.reference),
            "number": part(wanted.number),
            "types": any_of(wanted.types),
        }
        self._asked = [sql.SQL(SQL[name]) for name in FIELDS if wanted_of(wanted, name)]
        if wanted.view == "ready_to_approve":
            self._asked.append(sql.SQL(SQL["ready"]))

    def statement(self) -> sql.Composed:
        """The page with its count."""
        tree = sql.SQL(SQL["tree"]) if self.wanted.cluster is not None else sql.SQL("")
        total = self.total() if self.page.count else sql.SQL("NULL::bigint")
        return composed(SQL, "page", clusters=tree, total=total, rows=self.rows(), **PARTS)

    def total(self) -> sql.Composable:
        """The exact count of what matches."""
        return composed(SQL, "scan", where=_all_of([self._statuses(), *self._asked]))

    def rows(self) -> sql.Composable:
        """The newest rows of each status, after the cursor."""
        shown = self.wanted.shown
        if not shown:
            return sql.SQL(SQL["none"])
        conditions = list(self._asked)
        if self.page.cursor is not None:
            conditions.append(sql.SQL(SQL["after"]))
        if shown == STATUSES:
            return composed(SQL, "rows", where=_all_of([sql.SQL(SQL["not_deleted"]), *conditions]))
        each = [composed(SQL, "one_status", status=sql.Literal(status)) for status in shown]
        return sql.SQL(" UNION ALL ").join(composed(SQL, "rows", where=_all_of([one, *conditions])) for one in each)

    def _statuses(self) -> sql.Composable:
        return sql.SQL(SQL["not_deleted" if self.wanted.shown == STATUSES else "any_status"])


def wanted_of(wanted: InvoiceFilter, name: str) -> bool:
    """Whether a field of the filter is asked for."""
    value = getattr(wanted, name)
    return value is not None and value != frozenset()


def days(today: date, now: datetime | None) -> dict[str, Any]:
    """The days it may be for customers at an instant; without one, `today` for all."""
    at = now or datetime.combine(today, time(12), UTC)
    return {
        "today": today,
        "now": at,
        "earliest_day": today if now is None else (at + WESTMOST).date(),
        "latest_day": today if now is None else (at + EASTMOST).date(),
    }


def _all_of(conditions: list[sql.Composable]) -> sql.Composable:
    return sql.SQL(" AND ").join(conditions)
