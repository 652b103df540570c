"""The kinds of reference data: one generic aggregate, and what differs from kind to kind as a table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from domain.pricing.rule import PricingRuleBody
from domain.reference import bodies as b
from domain.reference import events as e
from domain.reference.bodies import ReferenceBody
from domain.reference.invoice_bodies import ApprovalProcessBody, InvoiceNumberSeriesBody
from domain.rejected import Rejected


def _nothing(_body: ReferenceBody) -> frozenset[str]:
    return frozenset()


def _pair_and_day(body: b.ExchangeRateBody) -> frozenset[str]:
    return frozenset({f"{body.from_currency}:{body.to_currency}:{body.date.isoformat()}"})


def _shape(body: InvoiceNumberSeriesBody) -> frozenset[str]:
    return frozenset({body.shape})


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: `name` is that of its streams and facts, `plural` that of its path.

    `unique` gives the names that no two of the kind may share (claimed under the kind's name); `for_ever`: they are
    not free again when the body changes or is retired.
    """

    name: str
    plural: str
    body: type[ReferenceBody]
    saved: type[e.Saved[Any]]
    retired: type[e.Retired] | None
    unique: Callable[[Any], frozenset[str]] = _nothing
    for_ever: bool = False

    @property
    def has_identifiers(self) -> bool:
        """Whether providers have names of their own for it."""
        return "identifiers" in self.body.model_fields


_ALL = (
    Kind("provider", "providers", b.ProviderBody, e.ProviderSaved, e.ProviderRetired),
    Kind("customer", "customers", b.CustomerBody, e.CustomerSaved, e.CustomerRetired),
    Kind("cluster", "clusters", b.ClusterBody, e.ClusterSaved, e.ClusterRetired),
    Kind("product", "products", b.ProductBody, e.ProductSaved, e.ProductRetired),
    Kind("group", "groups", b.GroupBody, e.GroupSaved, e.GroupRetired),
    Kind(
        "exchange-rate",
        "exchange-rates",
        b.ExchangeRateBody,
        e.ExchangeRateSaved,
        e.ExchangeRateRetired,
        _pair_and_day,
    ),
    Kind("pricing-rule", "pricing-rules", PricingRuleBody, e.PricingRuleSaved, e.PricingRuleRetired),
    Kind(
        "approval-process",
        "approval-processes",
        ApprovalProcessBody,
        e.ApprovalProcessSaved,
        e.ApprovalProcessRetired,
    ),
    Kind(  # numbers that were given stay given: nobody else may make them again
        "invoice-number-series",
        "invoice-number-series",
        InvoiceNumberSeriesBody,
        e.InvoiceNumberSeriesSaved,
        e.InvoiceNumberSeriesRetired,
        _shape,
        for_ever=True,
    ),
    Kind(
        "notification-template",
        "notification-templates",
        b.NotificationTemplateBody,
        e.NotificationTemplateSaved,
        e.NotificationTemplateRetired,
    ),
    Kind("job", "jobs", b.JobBody, e.JobSaved, None),
)

KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.name: kind for kind in _ALL})
"""Kind by name, as in `customer/ID`."""

KIND_OF_PATH: Final[Mapping[str, Kind]] = MappingProxyType({kind.plural: kind for kind in _ALL})
"""Kind by plural, as in `/v1/customers`."""


def kind_named(name: str) -> Kind:
    """The kind; Rejected `unknown-kind` when there is none."""
    kind = KINDS.get(name)
    if kind is None:
        raise Rejected("unknown-kind", f"{name[:60]!r} is no kind of reference data.", kind="missing")
    return kind
