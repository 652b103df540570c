"""The one place of wiring: everything that a process of ours works with, opened in order and closed in reverse."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from adapters.bulk import StoredTargets
from adapters.calculation import StoredOutstanding, StoredPastReference, StoredSums
from adapters.clock import Clock, TestClock, open_clock
from adapters.contracts import StoredLedger
from adapters.embedded_postgres import EmbeddedPostgres
from adapters.event_store import Codec, PostgresEventStore
from adapters.event_store.numbering import InvoiceNumberWriter
from adapters.imports import ManifestConnections, StoredImports
from adapters.invoice_runs import StoredInvoiceRuns
from adapters.jobs import StoredJobs
from adapters.key_vault import PostgresKeyVault, master_key_in
from adapters.keys import StoredKeys
from adapters.licences import StoredLicences
from adapters.line_store import PostgresLineStore
from adapters.line_store.offer_lines import StoredOfferLines
from adapters.migrate import migrate
from adapters.operations import StoredOperations
from adapters.periods import StoredPeriods
from adapters.previews import StoredPreviews
from adapters.provider_files.raw_bucket import open_raw_files
from adapters.provider_files.reader import ArrowProviderFileReader
from adapters.provider_files.source import AllowedPlaces, FileSources
from adapters.purchases import StoredPurchases
from adapters.read_models.facade import ReadModels
from adapters.reference import ApprovedInvoices, StoredReference
from adapters.sql_files import load_sql
from adapters.templates import SandboxedTemplates
from adapters.usage_contracts import StoredUsageContracts
from adapters.usage_due import StoredUsageDue
from commands.billing_contract.bill import bill_many
from commands.billing_contract.billing_desk import ContractBilling
from commands.billing_contract.bulk_request import BulkDesk
from commands.billing_contract.desk import ContractDesk
from commands.customer_invoice.billing_desk import BillingDesk
from commands.customer_invoice.desk import InvoicingDesk
from commands.customer_invoice.pricing import CalculationDesk
from commands.customer_invoice.route_usage import Router
from commands.customer_invoice.rules import Rulebook
from commands.invoice_run.desk import RunDesk
from commands.ports.event_store import StoreUnavailable
from commands.ports.key_vault import KeyVault
from commands.ports.raw_files import RawFiles
from commands.ports.retention import Retention
from commands.provider_invoice.desk import InvoiceDesk
from commands.reference.desk import Desk
from commands.sync.desk import SyncDesk
from services.api.rate_limit import RateLimit
from services.row_writers import MANY_ROWS_WRITERS, ROW_WRITERS
from services.settings import Settings
from services.working import passes

_RELAY = load_sql("adapters.relay")
READ_WAIT = 5.0
"""Seconds for which a reader waits for a read model to have what it has written."""
Pool = AsyncConnectionPool[AsyncConnection[Any]]
PATIENCE = 15.0
"""Seconds that a request waits for a database that is away; then it is answered with 503."""


@dataclass(slots=True)
class Parts:
    """What handlers, queries and processes are given. Open it with `open_parts`."""

    settings: Settings
    database_url: str
    zone: ZoneInfo
    clock: Clock
    pool: Pool
    store: PostgresEventStore
    keys: StoredKeys
    desk: Desk
    reference: StoredReference
    retention: Retention
    rate_limit: RateLimit
    metrics: CollectorRegistry
    version: str
    vault: KeyVault
    lines: PostgresLineStore
    invoices: InvoiceDesk
    billing: BillingDesk
    invoicing: InvoicingDesk
    usage_due: StoredUsageDue
    calculation: CalculationDesk
    past_reference: StoredPastReference
    targets: StoredTargets
    read_models: ReadModels
    jobs: StoredJobs
    operations: StoredOperations
    sync: SyncDesk
    contracts: ContractDesk
    contract_billing: ContractBilling
    runs: RunDesk
    bulk_generation: BulkDesk
    read_wait: float = READ_WAIT

    @property
    def zone_name(self) -> str:
        """The deployment's time zone, as events record it."""
        return self.settings.time_zone

    async def feed_position(self) -> int:
        """The position up to which readers of the feed can be: acknowledged by Kafka, or without it, recorded."""
        kafka = self.settings.kafka()
        if kafka is None:
            return await self.store.head()
        async with self.pool.connection() as connection:
            row = await (await connection.execute(_RELAY["load_progress"], {"name": kafka.prefix})).fetchone()
        return int(row[2]) if row is not None and row[0] == row[1] else 0

    def business_date(self, instant: datetime) -> date:
        """The day of an instant in the deployment's time zone."""
        return instant.astimezone(self.zone).date()


def program_version() -> str:
    """Of the installed package."""
    try:
        return version("ledgerline")
    except PackageNotFoundError:
        return "0"


@asynccontextmanager
async def open_parts(
    settings: Settings,
    *,
    database_url: str | None = None,
    patience: float = PATIENCE,
    metrics: CollectorRegistry | None = None,
) -> AsyncIterator[Parts]:
    """Open the database (the embedded one unless an address is set), bring its schema up to date, open all ports.

    `database_url` wins over the settings. `patience` is how many seconds whatever is asked waits for a database that is
    away; `metrics` are the process's own unless it brings them. Raises what stands in the way, in words:
    EmbeddedPostgresError, MigrationFailed, StoreUnavailable, VaultUnavailable, ClockRefused, and psycopg's errors; a
    process goes through `services.starting`, which waits for a database that is away.
    """
    async with AsyncExitStack() as stack:
        url = database_url or settings.database_conninfo()
        if url is None:
            server = await asyncio.to_thread(EmbeddedPostgres.start, settings.data)
            stack.callback(server.stop)
            url = server.url
        await asyncio.to_thread(migrate, url)
        pool = await _open_pool(stack, url, settings.database_pool, patience)
        clock = await open_clock(pool, settings.clock)
        if isinstance(clock, TestClock):
            stack.push_async_callback(clock.close)
        vault = await _open_vault(stack, url, settings)
        codec = Codec(vault)
        store = await stack.enter_async_context(
            await PostgresEventStore.open(
                url,
                codec,
                row_writers=ROW_WRITERS,
                many_rows_writers=MANY_ROWS_WRITERS,
                pool_size=settings.database_pool,
                patience=patience,
            )
        )
        read_models = await ReadModels.open(url, vault, size=settings.database_pool, patience=patience)
        stack.push_async_callback(read_models.close)
        reference = StoredReference(store, pool)
        lines = PostgresLineStore(pool)
        files = open_raw_files(settings.files_location)
        usage_due = StoredUsageDue(pool)
        invoices = InvoiceDesk(
            store=store,
            lines=lines,
            reference=reference,
            files=files,
            reader=ArrowProviderFileReader(),
            due=usage_due,
            override_limit=settings.override_limit,
        )
        operations = StoredOperations(pool)
        billing = BillingDesk(
            store,
            StoredPurchases(pool),
            StoredPeriods(pool),
            reference,
            StoredOutstanding(pool),
            StoredUsageContracts(pool),
        )
        calculation = CalculationDesk(store, StoredSums(pool), reference)
        ledger, targets = StoredLedger(pool), StoredTargets(pool)
        router = Router(invoices, billing, usage_due, StoredOfferLines(pool))
        licences = StoredLicences(pool)
        contract_billing = ContractBilling(calculation, ledger, router, licences, StoredPreviews(pool))
        bill = partial(bill_many, contract_billing)
        numbers = InvoiceNumberWriter(url, vault, row_writers=ROW_WRITERS, many_rows_writers=MANY_ROWS_WRITERS)
        stack.push_async_callback(numbers.close)
        yield Parts(
            settings=settings,
            database_url=url,
            zone=ZoneInfo(settings.time_zone),
            clock=clock,
            pool=pool,
            store=store,
            keys=StoredKeys(pool, time.monotonic),
            desk=Desk(store, SandboxedTemplates()),
            reference=reference,
            retention=ApprovedInvoices(pool, settings.retention_years),
            rate_limit=RateLimit(settings.rate_limit, time.monotonic),
            metrics=metrics or CollectorRegistry(),
            version=program_version(),
            vault=vault,
            lines=lines,
            invoices=invoices,
            billing=billing,
            invoicing=InvoicingDesk(billing, numbers, Rulebook(reference), calculation, ledger, licences, invoices),
            usage_due=usage_due,
            calculation=calculation,
            past_reference=StoredPastReference(pool, reference),
            targets=targets,
            read_models=read_models,
            jobs=StoredJobs(pool),
            operations=operations,
            sync=SyncDesk(
                invoices=invoices,
                operations=operations,
                imports=StoredImports(pool),
                connections=_connections(settings, files),
                passes=passes,
            ),
            contracts=ContractDesk(store, reference, ledger),
            contract_billing=contract_billing,
            runs=RunDesk(store, StoredInvoiceRuns(pool), operations, targets, bill, settings.time_zone),
            bulk_generation=BulkDesk(contract_billing, bill, operations, targets),
        )


def _connections(settings: Settings, files: RawFiles) -> ManifestConnections:
    roots = tuple(Path(root).resolve() for root in settings.import_roots)
    places = AllowedPlaces(roots=roots, hosts=frozenset(settings.import_hosts))
    secrets = {name: secret.get_secret_value() for name, secret in settings.provider_secrets.items()}
    return ManifestConnections(FileSources(places, files), secrets)


async def _open_vault(stack: AsyncExitStack, url: str, settings: Settings) -> PostgresKeyVault:
    master = await asyncio.to_thread(master_key_in, settings.keys_folder)
    vault = await asyncio.to_thread(PostgresKeyVault.open, url, master)
    stack.callback(vault.close)
    return vault


async def _open_pool(stack: AsyncExitStack, url: str, size: int, patience: float) -> Pool:
    pool: Pool = AsyncConnectionPool(
        url,
        kwargs={"autocommit": True, "application_name": "ledgerline"},
        min_size=1,
        max_size=size,
        open=False,
        timeout=patience,
        check=AsyncConnectionPool.check_connection,
    )
    try:
        await pool.open(wait=True, timeout=PATIENCE)
    except PoolTimeout as error:
        await pool.close()
        raise StoreUnavailable(f"The database did not answer for {PATIENCE:g} s. Is it up?") from error
    stack.push_async_callback(pool.close)
    return pool
