"""The statement of a search: only the conditions that are asked for, so that the planner sees what is wanted."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any, Final

from psycopg import sql

from adapters.read_models.cursors import by_period
from adapters.read_models.invoice_list.counting import Counting, all_of, cluster_condition, one_pass
from adapters.read_models.invoice_list.numbers import NumberSearch
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
TREE: Final = sql.SQL(SQL["tree"])
GET: Final = composed(SQL, "get", **PARTS)
FIELDS: Final = (
    "customer",
    "cluster",
    "contract",
    "contracts",
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

BY_STATUS: Final = frozenset({"total_from", "total_to", "cluster"})
"""Fields that are found by status: their index begins with it, or the status says which column to look at."""

EASTMOST: Final = timedelta(hours=14)
WESTMOST: Final = timedelta(hours=-12)


class Search:
    """A filter as conditions and values; `clusters`: its cluster, with those below it if they are asked for."""

    def __init__(
        self,
        wanted: InvoiceFilter,
        page: PageRequest,
        today: date,
        now: datetime | None,
        clusters: Sequence[str] = (),
    ) -> None:
        self.wanted = wanted
        self.page = page
        self.values: dict[str, Any] = {
            **asdict(wanted),
            **by_period(page),
            "shown": list(wanted.shown),
            **days(today, now),
            "clusters": clusters,
            "least_day": wanted.period_from or date.min,
            "reference": part(wanted.reference),
            "number": part(wanted.number),
            "types": any_of(wanted.types),
            "contracts": any_of(wanted.contracts),
        }
        self._names = [name for name in FIELDS if wanted_of(wanted, name)]
        self._by_number: NumberSearch | None = None
        if self._names == ["number"] and wanted.shown:
            self._by_number = NumberSearch(wanted.number or "", beyond=page.cursor is not None)
            self.values |= self._by_number.values
        self._seen = one_pass(wanted, frozenset(self._names)) if page.count else ()

    def statement(self) -> sql.Composed:
        """The page with its count."""
        total: sql.Composable = sql.SQL("NULL::bigint")
        if self.page.count:
            counting = Counting(self.wanted, frozenset(self._names))
            total = counting.total()
            self.values |= counting.values
        return composed(SQL, "page", beforehand=self._beforehand(), total=total, rows=self.rows(), **PARTS)

    def _beforehand(self) -> sql.Composable:
        if self._by_number:
            return self._by_number.beforehand()
        if self.wanted.cluster is None:
            return sql.SQL("")
        if not self._seen:
            return sql.SQL(SQL["members"])
        groups = groupby(sorted(self._seen, key=cluster_condition), cluster_condition)
        return composed(SQL, "seen", members=sql.SQL(SQL["members"]), each=_union(map(self._seen_of, groups)))

    def rows(self) -> sql.Composable:
        """The newest rows, after the cursor: of all at once, or of each status by the index that suits it."""
        shown = self.wanted.shown
        if not shown:
            return sql.SQL(SQL["none"])
        if self._by_number:
            return self._by_number.rows()
        if shown == STATUSES and not BY_STATUS.intersection(self._names):
            where = all_of([sql.SQL(SQL["not_deleted"]), *self._conditions("all"), *self._beyond()])
            return composed(SQL, "rows", where=where)
        each = [self._rows(status) for status in shown if status not in self._seen]
        if self._seen:
            each.append(composed(SQL, "seen_rows", where=all_of([sql.SQL("true"), *self._beyond()])))
        return _union(each)

    def _rows(self, status: str) -> sql.Composable:
        of_status = composed(SQL, "one_status", status=sql.Literal(status))
        return composed(SQL, "rows", where=all_of([of_status, *self._conditions(status), *self._beyond()]))

    def _seen_of(self, group: tuple[str, Iterable[str]]) -> sql.Composable:
        statuses = list(group[1])
        of_statuses = composed(SQL, "any_status", statuses=sql.Literal(statuses))
        where = [of_statuses, *self._conditions(statuses[0]), *self._in_time()]
        return composed(SQL, "seen_some", where=all_of(where))

    def _conditions(self, status: str) -> list[sql.Composable]:
        names = [cluster_condition(status) if name == "cluster" else name for name in self._names]
        if self.wanted.view == "ready_to_approve":
            names.append("ready")
        return [sql.SQL(SQL[name]) for name in names]

    def _beyond(self) -> list[sql.Composable]:
        """Where to begin."""
        after = [] if self.page.cursor is None else [sql.SQL(SQL["after"])]
        return [*self._in_time(), *after]

    def _in_time(self) -> list[sql.Composable]:
        """Where an index by the last day of periods need not be read any further."""
        return [] if self.wanted.period_to is None else [sql.SQL(SQL["last_day"])]


def _union(each: Iterable[sql.Composable]) -> sql.Composable:
    return sql.SQL(" UNION ALL ").join(each)


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
