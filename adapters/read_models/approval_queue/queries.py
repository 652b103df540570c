"""Queries of the approval queue."""

import json
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from psycopg import sql

from adapters.read_models.cursors import checked
from adapters.read_models.invoice_list.queries import PostgresInvoiceList, item_of
from adapters.read_models.invoice_list.statement import PARTS, SQL, days
from adapters.read_models.reading import Reader, Values, composed
from adapters.sql_files import load_sql
from projections.approval_queue.queries import Queue, QueueScope
from projections.invoice_list.queries import InvoiceItem
from projections.paging import Cursor, Page, PageRequest

_SQL: Final = load_sql(__package__)


class PostgresApprovalQueue:
    """See `projections.approval_queue.queries`."""

    def __init__(self, reader: Reader, invoices: PostgresInvoiceList) -> None:
        self._reader = reader
        self._invoices = invoices

    async def page(self, scope: QueueScope, page: PageRequest, today: date, now: datetime) -> Queue:
        """See the port."""
        done = 0

        def item(values: Values) -> InvoiceItem:
            return item_of(values[:-1])

        async def rows() -> Page[InvoiceItem]:
            nonlocal done
            clusters = await self._invoices.clusters(scope.cluster, descendants=scope.descendants)
            values = {**_values(scope, page, today, now), "clusters": clusters}
            found = await self._reader.all(_statement(scope), values)
            done = found[0][-1]
            return self._reader.page_of(found, page, item, _key)

        named = await self._invoices.named(await rows())
        return Queue(named, done)


def _key(item: InvoiceItem) -> Cursor:
    return (item.row.period_to.isoformat(), item.row.customer, item.row.id)


def _statement(scope: QueueScope) -> sql.Composed:
    asked = [sql.SQL(SQL[name]) for name in ("customer", "cluster") if getattr(scope, name) is not None]
    if scope.first is not None:
        asked.append(sql.SQL(_SQL["month"]))
    within = sql.SQL(" AND ").join([sql.SQL(SQL["not_deleted"]), *asked])
    return composed(
        _SQL,
        "page",
        scope=within,
        ready=sql.SQL(SQL["ready"]),
        done=composed(_SQL, "done", scope=within),
        **PARTS,
    )


def _values(scope: QueueScope, page: PageRequest, today: date, now: datetime) -> dict[str, Any]:
    cursor, click = page.after(3), scope.one_click
    return {
        **asdict(scope),
        **days(today, now),
        "groups": sorted(scope.groups),
        "one_click": bool(click.processes or click.clusters or click.otherwise),
        "processes": sorted(click.processes),
        "known_processes": sorted(click.known_processes),
        "in_clusters": sorted(click.clusters),
        "known_clusters": sorted(click.known_clusters),
        "otherwise": click.otherwise,
        "in_a_step": json.dumps([[scope.person]]),
        "after_period": checked(date.fromisoformat, cursor[0]) if cursor else None,
        "after_customer": cursor[1] if cursor else None,
        "after_id": checked(UUID, cursor[2]) if cursor else None,
        "limit": page.limit + 1,
        "count": page.count,
    }
