"""Facts of reference data: a storage format, frozen once published. One pair of facts a kind."""

from typing import ClassVar, Generic, TypeVar

from domain.fact import Fact
from domain.pricing.rule import PricingRuleBody
from domain.reference import bodies as b
from domain.reference.invoice_bodies import ApprovalProcessBody, InvoiceNumberSeriesBody

Body = TypeVar("Body", bound=b.ReferenceBody)


class Saved(Fact, Generic[Body]):
    """A new version of the body, whole. `version` is the stream's: what `If-Match`, `as_of` and calculations name."""

    code: str
    version: int
    body: Body


class Retired(Fact):
    """No longer in use; what refers to it keeps its meaning."""

    code: str
    version: int
    reason: str | None = None


class ProviderSaved(Saved[b.ProviderBody]):
    """A provider was saved."""

    type: ClassVar[str] = "provider.saved"


class ProviderRetired(Retired):
    """A provider was retired."""

    type: ClassVar[str] = "provider.retired"


class CustomerSaved(Saved[b.CustomerBody]):
    """A customer was saved; name, address, e-mails and metadata are encrypted under the customer's key."""

    type: ClassVar[str] = "customer.saved"

    def data_subject(self) -> str | None:
        """The customer, by code."""
        return f"customer/{self.code}"


class CustomerRetired(Retired):
    """A customer was retired."""

    type: ClassVar[str] = "customer.retired"


class CustomerErased(Fact):
    """The customer's key was destroyed: readers show `[erased]`, chains stay valid."""

    type: ClassVar[str] = "customer.erased"
    code: str
    reason: str


class ClusterSaved(Saved[b.ClusterBody]):
    """A cluster was saved."""

    type: ClassVar[str] = "cluster.saved"


class ClusterRetired(Retired):
    """A cluster was retired."""

    type: ClassVar[str] = "cluster.retired"


class ClusterMoved(Fact):
    """A cluster's place in the tree; one stream decides all moves, so that no two make a cycle."""

    type: ClassVar[str] = "cluster-tree.moved"
    cluster: str
    parent: str | None


class ProductSaved(Saved[b.ProductBody]):
    """A product was saved."""

    type: ClassVar[str] = "product.saved"


class ProductRetired(Retired):
    """A product was retired."""

    type: ClassVar[str] = "product.retired"


class GroupSaved(Saved[b.GroupBody]):
    """A group was saved."""

    type: ClassVar[str] = "group.saved"


class GroupRetired(Retired):
    """A group was retired."""

    type: ClassVar[str] = "group.retired"


class ExchangeRateSaved(Saved[b.ExchangeRateBody]):
    """An exchange rate was saved."""

    type: ClassVar[str] = "exchange-rate.saved"


class ExchangeRateRetired(Retired):
    """An exchange rate was retired."""

    type: ClassVar[str] = "exchange-rate.retired"


class PricingRuleSaved(Saved[PricingRuleBody]):
    """A pricing rule was saved."""

    type: ClassVar[str] = "pricing-rule.saved"


class PricingRuleRetired(Retired):
    """A pricing rule was retired: it prices nothing from now on."""

    type: ClassVar[str] = "pricing-rule.retired"


class ApprovalProcessSaved(Saved[ApprovalProcessBody]):
    """An approval process was saved; approvals that were requested before go by the version of then."""

    type: ClassVar[str] = "approval-process.saved"


class ApprovalProcessRetired(Retired):
    """An approval process was retired."""

    type: ClassVar[str] = "approval-process.retired"


class InvoiceNumberSeriesSaved(Saved[InvoiceNumberSeriesBody]):
    """A series of invoice numbers was saved."""

    type: ClassVar[str] = "invoice-number-series.saved"


class InvoiceNumberSeriesRetired(Retired):
    """A series of invoice numbers was retired."""

    type: ClassVar[str] = "invoice-number-series.retired"


class NotificationTemplateSaved(Saved[b.NotificationTemplateBody]):
    """A notification template was saved."""

    type: ClassVar[str] = "notification-template.saved"


class NotificationTemplateRetired(Retired):
    """A notification template was retired: the built-in text serves again."""

    type: ClassVar[str] = "notification-template.retired"


class JobSaved(Saved[b.JobBody]):
    """A job's schedule was changed."""

    type: ClassVar[str] = "job.saved"
