"""All read models, by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from projections.billing_contracts.read_model import BILLING_CONTRACTS
from projections.contract_lines.fold import CONTRACT_LINES
from projections.import_summaries.fold import IMPORT_SUMMARIES
from projections.invoice_list.fold import INVOICE_LIST
from projections.invoice_tasks.fold import INVOICE_TASKS
from projections.notices.fold import NOTICES
from projections.problem_invoices.fold import PROBLEM_INVOICES
from projections.provider_invoices.read_model import PROVIDER_INVOICES
from projections.read_model import ReadModel
from projections.reference_list.fold import REFERENCE_LIST
from projections.sync_runs.fold import SYNC_RUNS

READ_MODELS: Final[Mapping[str, ReadModel]] = MappingProxyType(
    {
        model.name: model
        for model in (
            PROVIDER_INVOICES,
            INVOICE_LIST,
            PROBLEM_INVOICES,
            IMPORT_SUMMARIES,
            REFERENCE_LIST,
            SYNC_RUNS,
            NOTICES,
            INVOICE_TASKS,
            BILLING_CONTRACTS,
            CONTRACT_LINES,
        )
    }
)
