"""A provider changed an invoice after its import: people are told, once for each thing that it reported."""

from typing import Final

from commands.handling import Decided, Done, settle
from commands.mail.data import change_values
from commands.origin import Origin
from commands.ports.event_store import EventStore, Recorded, Save, Write
from commands.ports.outbox import OutboxRow
from domain.identity import Stream, id_for
from domain.money import plain
from domain.operations.events import NoticeRaised
from domain.provider_invoice.events import ChangeReported

NOTICED: Final = (ChangeReported.type,)
"""Types of events that lead to a notice."""


def notice_of(fact: ChangeReported) -> Stream:
    """One notice per distinct (invoice, revision, total): however often it is reported, or the event delivered."""
    names = (fact.provider, fact.invoice_number, fact.revision or "", plain(fact.total))
    return Stream("notice", id_for("notice", "provider-invoice-changed", *names))


async def raise_notice(store: EventStore, recorded: Recorded, origin: Origin, mail_domain: str) -> Done[Stream]:
    """Raise the notice of a `provider-invoice.change-reported`, to be delivered by `commands.mail.deliver`.

    `origin` is the worker's; the notice is recorded as caused by the event. `mail_domain` ends its Message-ID.
    """
    fact = recorded.fact
    if not isinstance(fact, ChangeReported):
        raise TypeError(f"{recorded.type} leads to no notice")
    stream = notice_of(fact)
    raised = NoticeRaised(
        template="provider-invoice-changed",
        subject=str(recorded.stream),
        name=f"{fact.provider} {fact.invoice_number}",
        message_id=f"<notice.{stream.id}@{mail_domain}>",
        values=change_values(fact),
    )
    caused = origin.because_of(recorded.event_id, id_for("command", "raise-notice", str(recorded.event_id)))

    async def decide() -> Decided[Stream]:
        history = await store.load(stream)
        if history.version:
            return Decided(None, stream)
        return Decided(Save(caused, (Write(history, (raised,)),), rows=(OutboxRow(stream, origin.now),)), stream)

    return await settle(store, caused, decide)
