"""What a sync did with one invoice, as the results of an operation say it."""

from collections.abc import Sequence
from uuid import UUID

from commands.ports.operations import Item
from domain.fact import Fact
from domain.provider_invoice import events as e
from domain.provider_invoice.checksum import readable


def item_name(provider: str, number: str) -> str:
    """The name of an invoice among the results of a sync: a provider's code has no slash."""
    return f"{provider}/{number}"


def href_of(invoice: UUID) -> str:
    """Where the invoice is read."""
    return f"/v1/provider-invoices/{invoice}"


def outcome_of(facts: Sequence[Fact]) -> tuple[str, str | None]:
    """The outcome that facts of an invoice tell, and its details."""
    said = [fact.message for fact in facts if isinstance(fact, _FAILURES)]
    for fact in facts:
        match fact:
            case e.Activated():
                total = readable(fact.header.total, fact.header.currency)
                return "imported", f"{fact.rows:,} lines, {total} {fact.header.currency}"
            case e.ImportRetried():
                return "failed", " ".join(fact.messages)
            case e.ChangeReported():
                return "changed", fact.message
            case e.ChangeWithdrawn():
                return "change_withdrawn", "The provider reports again what was imported."
            case _:
                pass
    return ("failed", " ".join(said)) if said else ("unchanged", None)


def item_of(provider: str, number: str, invoice: UUID, facts: Sequence[Fact]) -> Item:
    """The result that goes with these facts, to be written in their transaction."""
    outcome, detail = outcome_of(facts)
    return Item(item_name(provider, number), outcome, detail, href_of(invoice))


_FAILURES = (e.ReferencesUnresolved, e.ChecksumFailed, e.ImportFailed)
