"""The port to reference data as commands need it: present bodies, read in one round trip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from commands.ports.event_store import History
from domain.pricing.context import PricingContext
from domain.reference.bodies import BillingPeriod, ProductBody, ProviderBody, ReferenceBody

Body = TypeVar("Body", bound=ReferenceBody)


@dataclass(frozen=True, slots=True)
class KnownProvider:
    """A provider in force, with the version of its body."""

    id: UUID
    version: int
    body: ProviderBody
    seen: History
    """The stream as it was seen, without its facts: a save may expect that it has not changed since."""


@dataclass(frozen=True, slots=True)
class Present(Generic[Body]):
    """A piece of reference data as it is now; `version` is its stream's, what calculations name."""

    version: int
    in_force: bool
    body: Body

    @property
    def code(self) -> str:
        """Of its body."""
        return self.body.code


@dataclass(frozen=True, slots=True)
class PresentCustomer:
    """What billing asks of a customer, without anything personal. Not in force: retired or erased."""

    code: str
    version: int
    in_force: bool
    currency: str
    time_zone: str
    billing_period: BillingPeriod
    bill_from: date | None = None
    cluster: str | None = None
    approval_process: str | None = None
    """Its own; None: the nearest cluster's upwards that has one, else the default."""
    number_series: str | None = None
    """Likewise."""


@dataclass(frozen=True, slots=True)
class PresentCluster:
    """A cluster. A retired one keeps its meaning for the customers that are still in it."""

    code: str
    version: int
    in_force: bool
    parent: str | None = None
    approval_process: str | None = None
    number_series: str | None = None


@dataclass(frozen=True, slots=True)
class Clusters:
    """All clusters there are, by code."""

    by_code: Mapping[str, PresentCluster] = field(default_factory=dict)

    def up(self, cluster: str | None) -> Sequence[PresentCluster]:
        """The cluster itself, its parent and so on up to the root: nearest first. None: no cluster."""
        path: dict[str, PresentCluster] = {}
        at = cluster
        while at is not None and at not in path and at in self.by_code:
            path[at] = self.by_code[at]
            at = path[at].parent
        return tuple(path.values())

    def approval_process_of(self, customer: PresentCustomer) -> str | None:
        """Code of the process: the customer's, else that of the nearest cluster upwards; None: the default."""
        own = customer.approval_process
        return own or next((c.approval_process for c in self.up(customer.cluster) if c.approval_process), None)

    def number_series_of(self, customer: PresentCustomer) -> str | None:
        """Code of the series, found likewise; None: the default."""
        own = customer.number_series
        return own or next((c.number_series for c in self.up(customer.cluster) if c.number_series), None)


@dataclass(frozen=True, slots=True)
class PricingInputs:
    """All that prices are made of, as of one moment."""

    context: PricingContext
    """Rules and rates in force, and all products: a retired one keeps its meaning for what was bought."""
    clusters: Clusters
    customers: Mapping[str, PresentCustomer]
    """Those asked for, by code."""

    @property
    def position(self) -> int:
        """Of the last change of any reference data."""
        return self.context.position


class PresentReference(Protocol):
    """Reference data as it is now, of many pieces at once: never behind a command that was answered."""

    async def reference_position(self) -> int:
        """Position of the last change of any reference data; 0: there is none."""
        ...

    async def customers(self, codes: Sequence[str]) -> Mapping[str, PresentCustomer]:
        """Code -> customer, of those that exist."""
        ...

    async def billed_customers(self) -> Sequence[PresentCustomer]:
        """All customers in force that are billed periodically (`bill_from`), by code."""
        ...

    async def clusters(self) -> Clusters:
        """The whole tree."""
        ...

    async def clusters_up(self, cluster: str | None) -> Sequence[PresentCluster]:
        """The cluster itself and those above it, nearest first."""
        ...

    async def products(self, codes: Sequence[str]) -> Mapping[str, Present[ProductBody]]:
        """Code -> product, of those that exist."""
        ...

    async def all_of(self, body: type[Body]) -> Mapping[str, Present[Body]]:
        """All of the kind with this body, by code, retired ones too. TypeError for customers, whose bodies are not
        kept whole.
        """
        ...

    async def pricing_inputs(self, customers: Sequence[str] = ()) -> PricingInputs:
        """Rules, products, rates, clusters and these customers, all of one moment."""
        ...


class Reference(PresentReference, Protocol):
    """Present reference data, read from its aggregates: never behind a command that was answered."""

    async def provider(self, code: str) -> KnownProvider | None:
        """A provider that is not retired."""
        ...

    async def provider_as_seen(self, code: str) -> KnownProvider | None:
        """The same, as it may have been some time ago: only for saves that expect that it is still as `seen`."""
        ...

    async def providers(self) -> Sequence[KnownProvider]:
        """All providers that are not retired, by code."""
        ...

    async def customer_names(self, codes: Sequence[str]) -> Mapping[str, str]:
        """Code -> name of those customers that exist."""
        ...

    async def billed_from(self, codes: Sequence[str]) -> Mapping[str, date]:
        """Code -> the day from which a customer is billed, of those customers that have one."""
        ...
