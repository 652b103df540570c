"""Deliver letters: record the intent, hand the mail over, record what came of it. See `domain.mail.letter`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from commands.handling import Decided, settle
from commands.mail.data import data_of
from commands.mail.texts import BUILT_IN
from commands.origin import Origin
from commands.ports.event_store import Conflict, EventStore, History, Save, Write
from commands.ports.mail import HandedOver, Mail, Mailer, MailRefused, MailUnavailable
from commands.ports.outbox import Outbox, OutboxRow
from commands.ports.templates import TemplateBroken, Templates, Text
from domain.fact import Fact
from domain.identity import Stream, reference_stream
from domain.mail import letter as letters
from domain.mail.letter import LOOK_AGAIN, Letter
from domain.operations.events import MailProblem
from domain.reference.bodies import NotificationTemplateBody
from domain.reference.state import InForce, fold
from domain.rejected import Rejected

Delivery = Literal["sent", "failed", "unsent", "not_now"]
"""`unsent`: nobody to send it to, or no text; `not_now`: it is out, not due, or another process is at it."""

_AFTER_A_FAULT: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class PostOffice:
    """The ports, and the address that mails come from."""

    store: EventStore
    templates: Templates
    mailer: Mailer
    outbox: Outbox
    sender: str


async def deliver_due(office: PostOffice, origin: Callable[[], Origin], limit: int = 100) -> int:
    """Try all letters that are due, each for itself; how many went out. Faults are raised together at the end."""
    sent = 0
    faults: list[Exception] = []
    for stream in await office.outbox.due(origin().now, limit):
        at = origin()
        try:
            sent += await deliver(office, at, stream) == "sent"
        except Exception as fault:  # noqa: BLE001 - one letter must not hold up the others; it is raised below
            faults.append(fault)
            await office.outbox.postpone(stream, at.now + _AFTER_A_FAULT)
    if faults:
        raise ExceptionGroup("letters that could not be dealt with", faults)
    return sent


async def deliver(office: PostOffice, origin: Origin, stream: Stream, *, by_hand: bool = False) -> Delivery:
    """Try one letter now, if it may be tried; a repeat after a crash carries the same Message-ID.

    `by_hand`: a failed one without waiting for its time, and one that was given up.
    """
    history = await office.store.load(stream)
    letter = letters.fold(history.facts)
    if letter is None:
        raise Rejected("not-found", f"There is no letter {stream}.", kind="missing")
    if not letter.may_be_tried(origin.now) and not (by_hand and letter.status == "failed"):
        return "not_now"
    to, template = await written_by(office.store, letter.template)
    if not to:
        message = f"The notification template {letter.template} has no recipients: set its `to`."
        return await _unsent(office, origin, history, letter, "no_recipient", message)
    try:
        text = office.templates.render(template, data_of(letter.first))
    except TemplateBroken as broken:
        return await _unsent(office, origin, history, letter, "template", broken.message)
    mail = Mail(letter.first.message_id, office.sender, to, text.subject, text.body, origin.now)
    intent = letters.sending(letter, origin.now)
    if not await _record(office, origin, history, [intent]):
        return "not_now"
    return await _hand_over(office, origin, stream, mail)


async def written_by(store: EventStore, code: str) -> tuple[tuple[str, ...], Text]:
    """Recipients and text of a notification template: the saved one, else the built-in text without recipients."""
    state = fold((await store.load(reference_stream("notification-template", code))).facts)
    if isinstance(state, InForce) and isinstance(state.body, NotificationTemplateBody):
        return state.body.to, Text(state.body.subject, state.body.body)
    if code not in BUILT_IN:
        raise Rejected("not-found", f"There is no notification template {code}.", kind="missing")
    return (), BUILT_IN[code]


async def _hand_over(office: PostOffice, origin: Origin, stream: Stream, mail: Mail) -> Delivery:
    problem: tuple[MailProblem, str] | None = None
    taken: HandedOver | None = None
    try:
        taken = await office.mailer.send(mail)
    except MailUnavailable as away:
        problem = ("server", str(away))
    except MailRefused as refused:
        problem = ("refused", str(refused))

    async def decide() -> Decided[None]:
        history = await office.store.load(stream)
        letter = letters.fold(history.facts)
        if letter is None or letter.status == "sent":
            return Decided(None, None)
        if taken is not None:
            facts = [letters.sent(letter, len(taken.accepted))]
        elif letter.status == "sending" and problem is not None:
            facts = letters.failed(letter, *problem, origin.now)
        else:
            return Decided(None, None)
        return Decided(_save(origin, history, facts), None)

    await settle(office.store, origin, decide)
    return "failed" if taken is None else "sent"


async def _unsent(
    office: PostOffice, origin: Origin, history: History, letter: Letter, problem: MailProblem, message: str
) -> Delivery:
    facts = letters.failed(letter, problem, message, origin.now)
    if facts:
        return "unsent" if await _record(office, origin, history, facts) else "not_now"
    await office.outbox.postpone(history.stream, origin.now + LOOK_AGAIN)
    return "unsent"


async def _record(office: PostOffice, origin: Origin, history: History, facts: list[Fact]) -> bool:
    """Whether it was recorded; not, when another process was quicker: then the letter is its."""
    try:
        await office.store.append(_save(origin, history, facts))
    except Conflict:
        return False
    return True


def _save(origin: Origin, history: History, facts: list[Fact]) -> Save:
    after = letters.fold((*history.facts, *facts))
    due = after.due if after is not None and after.status != "sent" else None
    return Save(origin, (Write(history, tuple(facts)),), rows=(OutboxRow(history.stream, due),))
