"""The library's side: `eventsourcing.projection.ProjectionRunner` as it comes, one transaction an event.

Its events have the fields of ours, in its own encoding. The view does per event what a hand-written projection would:
one INSERT for a new invoice, one UPDATE for a batch of purchases, and its tracking row, in one transaction.
"""

import time
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, DomainEvent
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL

from benchmarks.projecting.workload import events
from domain.customer_invoice.events import CustomerInvoiceCreated

INSERT = SQL("""
INSERT INTO read_models.invoice_list (id, reference, invoice_type, customer, customer_id, invoice_date, period_from,
    period_to, currency, ready_from, cost, lines, status, stale, created_at, created_position, changed_at, version,
    position)
VALUES (%(id)s, %(reference)s, %(invoice_type)s, %(customer)s, %(customer_id)s, %(invoice_date)s, %(period_from)s,
    %(period_to)s, %(currency)s, %(period_to)s::date + 1, 0, 0, 'pending', true, %(at)s, %(position)s, %(at)s,
    %(version)s, %(position)s)
ON CONFLICT (id) DO NOTHING
""")
UPDATE = SQL("""
UPDATE read_models.invoice_list SET lines = lines + %(lines)s, cost = cost + %(cost)s, status = 'pending',
    stale = true, changed_at = %(at)s, version = %(version)s, position = %(position)s
WHERE id = %(id)s
""")


class Invoice(Aggregate):
    class Opened(Aggregate.Event):
        customer: str
        reference: str
        customer_id: UUID
        invoice_type: str
        invoice_date: str
        period_from: str
        period_to: str
        currency: str

    class PurchasesAdded(Aggregate.Event):
        customer: str
        reference: str
        source: dict[str, Any]
        lines: int
        cost: Decimal
        currency: str
        digest: str
        without_cost: int


class Invoices(Application[UUID]):
    pass


class InvoiceView(PostgresTrackingRecorder):
    def write(self, statement: SQL, values: dict[str, Any], tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(statement, values, prepare=True)
            self._insert_tracking(cursor, tracking)


class InvoiceProjection(Projection[InvoiceView]):
    name = "invoices"

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:  # noqa: ANN401, ARG002 -- the library's
        raise TypeError(domain_event)

    @process_event.register
    def _(self, event: Invoice.Opened, tracking: Tracking) -> None:
        values = {**vars(event), **_common(event, tracking)}
        self.view.write(INSERT, values, tracking)

    @process_event.register
    def _(self, event: Invoice.PurchasesAdded, tracking: Tracking) -> None:
        values = {"lines": event.lines, "cost": event.cost, **_common(event, tracking)}
        self.view.write(UPDATE, values, tracking)


def _common(event: DomainEvent, tracking: Tracking) -> dict[str, Any]:
    return {
        "id": event.originator_id,
        "at": event.timestamp,
        "version": event.originator_version,
        "position": tracking.notification_id,
    }


def _events(count: int) -> Iterator[DomainEvent]:
    now = datetime.now().astimezone()
    for invoice, version, fact in events(count):
        common = {"originator_id": invoice, "originator_version": version, "timestamp": now}
        if isinstance(fact, CustomerInvoiceCreated):
            fields = fact.model_dump(mode="json")
            del fields["contract"]  # of contracts' invoices only
            yield Invoice.Opened(**common, **{**fields, "customer_id": fact.customer_id})
        else:
            fields = fact.model_dump(mode="json")
            yield Invoice.PurchasesAdded(**common, **{**fields, "cost": Decimal(fields["cost"])})


def environment(url: str) -> dict[str, str]:
    parts = conninfo_to_dict(url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(parts["dbname"]),
        "POSTGRES_HOST": str(parts["host"]),
        "POSTGRES_PORT": str(parts["port"]),
        "POSTGRES_USER": "postgres",
        "POSTGRES_PASSWORD": "",
    }


def fill(url: str, count: int) -> int:
    """Record the events; how many they are."""
    app = Invoices(env=environment(url))
    found = list(_events(count))
    for start in range(0, len(found), 500):
        app.recorder.insert_events([app.mapper.to_stored_event(e) for e in found[start : start + 500]])
    app.close()
    return len(found)


def project(url: str, count: int) -> tuple[int, float]:
    """Into the empty invoice list, from the first event on: events applied, and seconds from the start."""
    env = {**environment(url), "POSTGRES_POOL_SIZE": "4"}
    with ProjectionRunner(
        application_class=Invoices, projection_class=InvoiceProjection, view_class=InvoiceView, env=env
    ) as runner:
        started = time.perf_counter()
        runner.wait(count, timeout=600)
        took = time.perf_counter() - started
        runner.view.datastore.close()
    return count, took
