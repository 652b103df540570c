"""Exact counts without looking at every invoice: from the counts that the list keeps, and the few rows at their edges.

A search by nothing, by period, by total or by cluster, with any view, statuses, types and emptiness, is a sum of kept
counts; by a part of a number alone it looks at the numbers that are kept (`numbers`). What they can't tell is counted
row by row: totals of the buckets at both ends, customers without a snapshot, invoices that are ready in some zones
only. Any other search is counted row by row, by the index that suits it.
"""

from collections.abc import Sequence
from typing import Any, Final

from psycopg import sql

from adapters.read_models.invoice_list.buckets import beyond, bucket_of, lowest
from adapters.read_models.reading import composed
from adapters.sql_files import load_sql
from projections.invoice_list.queries import InvoiceFilter

SQL: Final = load_sql("adapters.read_models.invoice_list")
EVERYWHERE: Final = frozenset({"types", "empty"})
"""What all kept counts tell apart, besides status and readiness."""
LEAST, MOST = -(2**31), 2**31 - 1
WITH_SNAPSHOT: Final = frozenset({"approving", "approved", "closed"})

Conditions = Sequence[sql.Composable]


class Counting:
    """How a search is counted; `values` are to be given with the statement."""

    def __init__(self, wanted: InvoiceFilter, asked: frozenset[str]) -> None:
        self.values: dict[str, Any] = {}
        self._wanted = wanted
        self._asked = asked
        self._ready = wanted.view == "ready_to_approve"

    def total(self) -> sql.Composable:
        """The exact count of what matches."""
        if not self._wanted.shown:
            return sql.SQL("0::bigint")
        by = self._asked - EVERYWHERE
        if self._asked == {"number"}:
            return _named("numbered")
        if not by:
            return _sum([self._kept("all"), *self._maybe_ready()])
        if by <= {"period_from", "period_to"}:
            return _sum([self._kept("period", *(_named(f"counted_{f}") for f in sorted(by))), *self._maybe_ready(*by)])
        if by == {"cluster"}:
            return self._by_cluster()
        if by <= {"total_from", "total_to"}:
            return self._by_total(by)
        return self._scan(*by)

    def _by_cluster(self) -> sql.Composable:
        parts = [self._kept("cluster", _named("counted_cluster"))]
        if any(status not in WITH_SNAPSHOT for status in self._wanted.shown):
            parts.append(_named("seen_count"))
        return _sum(parts)

    def _by_total(self, by: frozenset[str]) -> sql.Composable:
        low, high = self._wanted.total_from, self._wanted.total_to
        if (low is not None and low < 0) or (high is not None and high < 0):
            return self._scan(*by)
        first = LEAST if low is None else bucket_of(low)
        last = MOST if high is None else bucket_of(high)
        if first >= last:
            return self._scan(*by)
        edges = []
        if low is not None and low == lowest(first):
            first -= 1  # all of that bucket is asked for
        elif low is not None:
            self.values["edge_from"] = beyond(first)
            edges.append("edge_from")
        if high is not None and high == 0:
            last += 1  # 0 has a bucket of its own
        elif high is not None:
            self.values["edge_to"] = lowest(last)
            edges.append("edge_to")
        self.values |= {"bucket_from": first, "bucket_to": last}
        parts = [self._kept("total", _named("counted_between")), *(self._scan(edge) for edge in edges)]
        return _sum([*parts, *self._maybe_ready("counted_total_between")])

    def _kept(self, what: str, *conditions: sql.Composable) -> sql.Composable:
        where = [sql.SQL("true"), *conditions]
        where += [_named(f"counted_{f}") for f in sorted(self._asked & EVERYWHERE)]
        if self._ready:
            where.append(_named("counted_ready"))
        return composed(SQL, "counted", what=sql.Literal(what), where=all_of(where))

    def _maybe_ready(self, *fields: str) -> list[sql.Composable]:
        """Invoices that are ready in some zones only, looked at one by one."""
        if not self._ready:
            return []
        return [self._scan("maybe_ready", *sorted(fields))]

    def _scan(self, *conditions: str) -> sql.Composable:
        if "cluster" in conditions:
            return _named("seen_count")
        where: list[sql.Composable] = [composed(SQL, "any_status", statuses=sql.Literal(list(self._wanted.shown)))]
        where += [_named(name) for name in (*conditions, *sorted(self._asked & EVERYWHERE))]
        if self._ready:
            where.append(_named("ready"))
        return composed(SQL, "scan", where=all_of(where))


def one_pass(wanted: InvoiceFilter, asked: frozenset[str]) -> Sequence[str]:
    """The statuses whose invoices in a cluster have to be looked at to be counted, and are shown from the same pass."""
    if wanted.cluster is None:
        return ()
    counts_are_kept = asked - EVERYWHERE == {"cluster"}
    return [status for status in wanted.shown if not (counts_are_kept and status in WITH_SNAPSHOT)]


def cluster_condition(status: str) -> str:
    """Which condition finds the cluster: the customer of a locked or final one is shown as it was then."""
    return "cluster_then" if status in WITH_SNAPSHOT else "cluster_now"


def all_of(conditions: Conditions) -> sql.Composable:
    """All of these."""
    return sql.SQL(" AND ").join(conditions)


def _sum(parts: Sequence[sql.Composable]) -> sql.Composable:
    return sql.SQL(" + ").join(parts)


def _named(name: str) -> sql.Composable:
    return sql.SQL(SQL[name])
