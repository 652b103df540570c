"""The one table of stored names: every fact class, its topic, and the kind of its streams."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from domain.billing_contract import entry_events as billing_schedule
from domain.billing_contract import events as billing_contract
from domain.customer_invoice import approval_events, calculation_events, task_events
from domain.customer_invoice import events as customer_invoice
from domain.fact import Fact, Topic
from domain.numbering import events as numbering
from domain.operations import events as operations
from domain.operations import run_events as invoice_runs
from domain.provider_invoice import events as provider_invoice
from domain.reference import events as reference
from domain.usage_offer import events as usage_offer

_MODULES = (
    provider_invoice,
    usage_offer,
    billing_contract,
    billing_schedule,
    customer_invoice,
    calculation_events,
    approval_events,
    task_events,
    numbering,
    reference,
    operations,
    invoice_runs,
)
_BASES = {
    Fact,
    provider_invoice.ProviderInvoiceFact,
    usage_offer.UsageOfferFact,
    billing_contract.BillingContractFact,
    billing_schedule.ScheduleFact,
    customer_invoice.CustomerInvoiceFact,
    task_events.TaskFact,
    operations.SyncFact,
    invoice_runs.InvoiceRunFact,
    reference.Retired,
}


def _classes() -> Iterator[type[Fact]]:
    for module in _MODULES:
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Fact) and "type" in vars(value) and value not in _BASES:
                yield value


def _table() -> dict[tuple[str, int], type[Fact]]:
    table: dict[tuple[str, int], type[Fact]] = {}
    for cls in _classes():
        key = (cls.type, cls.schema_version)
        if table.setdefault(key, cls) is not cls:
            raise ValueError(f"two fact classes are stored as {key}")
    return table


FACTS: Final[Mapping[tuple[str, int], type[Fact]]] = MappingProxyType(_table())
"""(stored type, schema version) -> class; superseded versions stay, with an upcaster."""

TOPIC_OF_KIND: Final[Mapping[str, Topic]] = MappingProxyType(
    {
        "provider-invoice": "provider-invoice",
        "usage-offer": "provider-invoice",
        "billing-contract": "billing-contract",
        "contract-transactions": "billing-contract",
        "billing-schedule": "billing-contract",
        "customer-invoice": "customer-invoice",
        **dict.fromkeys(
            (
                "provider",
                "customer",
                "cluster",
                "cluster-tree",
                "invoice-numbers",
                "product",
                "group",
                "exchange-rate",
                "pricing-rule",
                "approval-process",
                "invoice-number-series",
                "notification-template",
            ),
            "reference-data",
        ),
        **dict.fromkeys(("provider-sync", "invoice-run", "import-summary", "notice", "key", "job"), "operations"),
    }
)
"""Stream kind -> topic. The record key is the stream's id, but for usage offers (their provider invoice's id) and the
transactions of a contract (the contract's id)."""

TOPICS: Final[tuple[Topic, ...]] = (
    "provider-invoice",
    "billing-contract",
    "customer-invoice",
    "reference-data",
    "operations",
)
PARTITIONS: Final[Mapping[Topic, int]] = MappingProxyType(
    {"provider-invoice": 12, "billing-contract": 12, "customer-invoice": 12, "reference-data": 1, "operations": 1}
)
"""Fixed: adding partitions would break the order within an aggregate."""
