"""The task `send`: the text of the notification template `invoice`, mailed to the customer's e-mail addresses.

The template's own `to` gets it as well. A repeat carries the same Message-ID: no mail server can promise "once".
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from commands.mail.deliver import PostOffice, written_by
from commands.mail.invoice_data import MAX_ITEMS, invoice_data
from commands.ports.event_store import EventStore
from commands.ports.mail import Mail, MailRefused, MailUnavailable
from commands.ports.templates import TemplateBroken
from domain.customer_invoice.state import CustomerInvoice
from domain.customer_invoice.tasks import Done, NotDone, Result
from domain.identity import reference_stream
from domain.reference.bodies import CustomerBody, ProductBody, ReferenceBody
from domain.reference.state import Absent, fold

TEMPLATE: Final = "invoice"
MAX_TOLD: Final = 100
"""Characters of an address that is too odd to be one, as a mailer tells of it."""
MAX_SAID: Final = 400
"""Characters of what a mail server said."""


async def send_invoice(office: PostOffice, state: CustomerInvoice, key: str, now: datetime) -> Result:
    """Mail it; never raises for what the mail server does. Messages name recipients by number, never by address."""
    bodies = await _bodies(office.store, [("customer", state.customer), *_products(state)])
    customer = bodies.get(("customer", state.customer))
    theirs = [e for e in customer.emails if "@" in e] if isinstance(customer, CustomerBody) else []
    if not theirs:
        said = f"The customer {state.customer} has no e-mail address: add one, then run the task by hand."
        return NotDone("no-recipient", said, final=True)
    copies, template = await written_by(office.store, TEMPLATE)
    to = tuple(dict.fromkeys((*theirs, *copies)))
    names = {code: body.name for (kind, code), body in bodies.items() if isinstance(body, ProductBody)}
    try:
        text = office.templates.render(template, invoice_data(state, names))
    except TemplateBroken as broken:
        said = f"The notification template {TEMPLATE} can't be used: {broken.message}"
        return NotDone("template", said, final=False)
    domain = office.sender.rpartition("@")[2]
    mail = Mail(f"<task.{key.replace(':', '.')}@{domain}>", office.sender, to, text.subject, text.body, now)
    try:
        taken = await office.mailer.send(mail)
    except MailUnavailable as away:
        return NotDone("mail-server", _without_addresses(str(away), to), final=False)
    except MailRefused as refused:
        return NotDone("refused", _without_addresses(str(refused), to), final=True)
    return Done(recipients=len(taken.accepted), refused=len(taken.refused))


def _products(state: CustomerInvoice) -> Sequence[tuple[str, str]]:
    return [("product", item.product) for item in state.items[:MAX_ITEMS] if item.product]


async def _bodies(store: EventStore, wanted: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], ReferenceBody]:
    """Reference data as it is now, also what is retired."""
    streams = {reference_stream(*one): one for one in dict.fromkeys(wanted)}
    found: dict[tuple[str, str], ReferenceBody] = {}
    for stream, history in (await store.load_many(list(streams))).items():
        known = fold(history.facts)
        if not isinstance(known, Absent):
            found[streams[stream]] = known.body
    return found


def _without_addresses(said: str, to: Sequence[str]) -> str:
    for number, address in enumerate(to, 1):
        said = re.sub(re.escape(address[:MAX_TOLD]), f"recipient {number}", said, flags=re.IGNORECASE)
    return said[:MAX_SAID]
