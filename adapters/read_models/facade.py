"""All read models on one pool."""

from dataclasses import dataclass
from typing import Self

from adapters.read_models.approval_queue.queries import PostgresApprovalQueue
from adapters.read_models.billing_contracts.queries import PostgresBillingContracts
from adapters.read_models.findings.queries import PostgresFindings
from adapters.read_models.import_summaries.queries import PostgresImportSummaries
from adapters.read_models.invoice_list.queries import PostgresInvoiceList
from adapters.read_models.licences.queries import PostgresLicences
from adapters.read_models.notices.queries import PostgresNotices
from adapters.read_models.positions import PostgresPositions
from adapters.read_models.problem_invoices.queries import PostgresProblems
from adapters.read_models.provider_invoices.queries import PostgresProviderInvoices
from adapters.read_models.reading import Pool, Reader, open_pool
from adapters.read_models.reference_list.queries import PostgresReferenceList
from adapters.read_models.reveal import Revealer
from adapters.read_models.sync_runs.queries import PostgresSyncRuns
from commands.ports.key_vault import KeyVault


@dataclass(frozen=True, slots=True)
class ReadModels:
    """What readers can ask. The schema is migrated before."""

    provider_invoices: PostgresProviderInvoices
    invoice_list: PostgresInvoiceList
    approval_queue: PostgresApprovalQueue
    problem_invoices: PostgresProblems
    findings: PostgresFindings
    import_summaries: PostgresImportSummaries
    reference_list: PostgresReferenceList
    sync_runs: PostgresSyncRuns
    notices: PostgresNotices
    billing_contracts: PostgresBillingContracts
    licences: PostgresLicences
    positions: PostgresPositions
    _pool: Pool

    @classmethod
    async def open(
        cls, url: str, vault: KeyVault | None = None, *, size: int = 8, lane: str = "live", patience: float = 15.0
    ) -> Self:
        """Connect; `vault` opens personal fields, without it they read `[erased]`. Close it when done. `patience`: how
        many seconds a query waits for a database that is away.
        """
        pool = open_pool(url, size, patience)
        await pool.open()
        reader, revealer = Reader(pool), Revealer(vault)
        invoices = PostgresInvoiceList(reader, revealer)
        return cls(
            provider_invoices=PostgresProviderInvoices(reader),
            invoice_list=invoices,
            approval_queue=PostgresApprovalQueue(reader, invoices),
            problem_invoices=PostgresProblems(reader),
            findings=PostgresFindings(reader),
            import_summaries=PostgresImportSummaries(reader),
            reference_list=PostgresReferenceList(reader, revealer),
            sync_runs=PostgresSyncRuns(reader),
            notices=PostgresNotices(reader),
            billing_contracts=PostgresBillingContracts(reader),
            licences=PostgresLicences(reader),
            positions=PostgresPositions(reader, url, lane),
            _pool=pool,
        )

    async def close(self) -> None:
        """Leave the database."""
        await self.positions.close()
        await self._pool.close()
