"""What people are told by mail: a provider changed an invoice after its import; a post-invoicing task failed.

Once for each thing that a provider reported, and once for each failure.
"""

from typing import Final

from commands.handling import Decided, Done, settle
from commands.mail.data import change_values, task_values
from commands.origin import Origin
from commands.ports.event_store import EventStore, Recorded, Save, Write
from commands.ports.outbox import OutboxRow
from domain.customer_invoice.task_events import TaskFailed
from domain.identity import Stream, id_for
from domain.money import plain
from domain.operations.events import NoticeRaised
from domain.provider_invoice.events import ChangeReported

NOTICED: Final = (ChangeReported.type, TaskFailed.type)
"""Types of events that lead to a notice."""
CHANGED: Final = "provider-invoice-changed"
FAILED: Final = "task-failed"


def notice_of(fact: ChangeReported) -> Stream:
    """One notice per distinct (invoice, revision, total): however often it is reported, or the event delivered."""
    names = (fact.provider, fact.invoice_number, fact.revision or "", plain(fact.total))
    return Stream("notice", id_for("notice", CHANGED, *names))


async def raise_notice(store: EventStore, recorded: Recorded, origin: Origin, mail_domain: str) -> Done[Stream]:
    """Raise the notice that an event of `NOTICED` leads to, to be delivered by `commands.mail.deliver`.

    `origin` is the worker's; the notice is recorded as caused by the event. `mail_domain` ends its Message-ID.
    """
    match recorded.fact:
        case ChangeReported() as fact:
            stream = notice_of(fact)
            template, name, values = CHANGED, f"{fact.provider} {fact.invoice_number}", change_values(fact)
        case TaskFailed() as fact:
            stream = Stream("notice", id_for("notice", FAILED, str(recorded.event_id)))
            template, name, values = FAILED, f"{fact.number} {fact.task}", task_values(fact)
        case _:
            raise TypeError(f"{recorded.type} leads to no notice")
    raised = NoticeRaised(
        template=template,
        subject=str(recorded.stream),
        name=name,
        message_id=f"<notice.{stream.id}@{mail_domain}>",
        values=values,
    )
    caused = origin.because_of(recorded.event_id, id_for("command", "raise-notice", str(recorded.event_id)))

    async def decide() -> Decided[Stream]:
        history = await store.load(stream)
        if history.version:
            return Decided(None, stream)
        return Decided(Save(caused, (Write(history, (raised,)),), rows=(OutboxRow(stream, origin.now),)), stream)

    return await settle(store, caused, decide)
