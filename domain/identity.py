"""Names that others can compute: UUIDv5 from natural keys.

`id_for("provider-invoice", "ACME", "F-1")` is the UUIDv5 of the name `provider-invoice:ACME:F-1` in
`NAMESPACE`. Parts are trimmed and NFC-normalised, case kept; `:` and `%` inside a part are percent-escaped
so that no two lists of parts share a name.
"""

import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from uuid import NAMESPACE_DNS, UUID, uuid5

NAMESPACE = uuid5(NAMESPACE_DNS, "ledgerline")


def normal(part: str) -> str:
    """A natural key as it is compared: trimmed, NFC, case kept."""
    trimmed = part.strip()
    return trimmed if trimmed.isascii() else unicodedata.normalize("NFC", trimmed)


def natural_name(kind: str, *parts: str) -> str:
    """The documented name `kind:part:part` behind an id."""
    return ":".join([kind, *[normal(p).replace("%", "%25").replace(":", "%3A") for p in parts]])


def id_for(kind: str, *parts: str) -> UUID:
    """The id of the thing of this kind with these natural keys."""
    return uuid5(NAMESPACE, natural_name(kind, *parts))


@dataclass(frozen=True, slots=True)
class Stream:
    """One aggregate's history: `kind/id`, as in a record's `ce_subject`."""

    kind: str
    id: UUID

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}"

    @classmethod
    def parse(cls, subject: str) -> "Stream":
        """The stream named by a subject; ValueError when it is none."""
        kind, _, uuid = subject.partition("/")
        return cls(kind, UUID(uuid))


def provider_invoice_stream(provider: str, invoice_number: str) -> Stream:
    """Importing twice never makes two: provider code and the provider's number are the identity."""
    return Stream("provider-invoice", id_for("provider-invoice", provider, invoice_number))


def usage_offer_stream(
    provider_invoice: UUID, attempt: int, customer: str, included_from: date | None = None
) -> Stream:
    """The offer of one attempt's usage to one customer (by code), or of what was included from a day on later."""
    parts = [str(provider_invoice), str(attempt), customer]
    if included_from is not None:
        parts.append(included_from.isoformat())
    return Stream("usage-offer", id_for("usage-offer", *parts))


def ad_hoc_invoice_stream(reference: str) -> Stream:
    """The ad hoc customer invoice with this reference, which no other has."""
    return Stream("customer-invoice", id_for("customer-invoice", "ad-hoc", reference))


def periodical_invoice_stream(customer: str, period_from: date) -> Stream:
    """The periodical invoice of a customer for the billing period that begins on this day."""
    return Stream("customer-invoice", id_for("customer-invoice", "periodical", customer, period_from.isoformat()))


def billing_contract_stream(number: str) -> Stream:
    """The contract with this number, which no other has."""
    return Stream("billing-contract", id_for("billing-contract", number))


def contract_transactions_stream(contract: str, line: str, year: int) -> Stream:
    """The transactions of a contract's line in a year, by the day they are dated."""
    return Stream("contract-transactions", id_for("contract-transactions", contract, line, str(year)))


@lru_cache(maxsize=20_000)
def billing_schedule_stream(contract: str, kind: str, line: str | None, day: date, name: str | None = None) -> Stream:
    """One entry of a contract's schedule. `day`: a cycle's first, a run's own; a milestone is known by its `name`."""
    named = name if name is not None else day.isoformat()
    return Stream("billing-schedule", id_for("billing-schedule", contract, kind, line or "", named))


def contract_invoice_stream(contract: str, customer: str, day: date, number: int) -> Stream:
    """The contract's nth invoice to a customer with this invoice date."""
    parts = ("contract", contract, customer, day.isoformat(), str(number))
    return Stream("customer-invoice", id_for("customer-invoice", *parts))


def invoice_numbers_stream(series: str, year: int | None) -> Stream:
    """The numbers of a series in a year; None: of a series that never restarts."""
    return Stream("invoice-numbers", id_for("invoice-numbers", series, "" if year is None else str(year)))


def purchase_id(customer: str, key: str) -> UUID:
    """A posted purchase, by the key that its poster gave it."""
    return id_for("purchase", customer, key)


@lru_cache(maxsize=10_000)
def reference_stream(kind: str, code: str) -> Stream:
    """A piece of reference data: `customer/…`, `provider/…`, by its immutable code."""
    return Stream(kind, id_for(kind, code))
