"""Build the import summary of a day, once; and mail it.

It is built right after the day's sync, so the day is not over then. What ends later on that day stands in the next
summary, under "earlier": every end of an attempt is told of in one mail, and none in two.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from commands.handling import Decided, Done, settle
from commands.mail.deliver import PostOffice, deliver
from commands.origin import Origin
from commands.ports.event_store import EventStore, Recorded, Save, Write
from commands.ports.outbox import OutboxRow
from commands.ports.reference import Reference
from commands.summary.figures import MAX_NAMED, TYPES, summaries
from domain.identity import Stream, id_for
from domain.operations.events import ImportSummaryBuilt

LOOK_BACK: Final = timedelta(days=31)
"""How far back the summary before is looked for."""
_PAGE: Final = 1000


def summary_stream(day: date) -> Stream:
    """One summary a day."""
    return Stream("import-summary", id_for("import-summary", day.isoformat()))


async def build_summary(
    store: EventStore, reference: Reference, origin: Origin, day: date, mail_domain: str
) -> Done[ImportSummaryBuilt | None]:
    """The summary of a day in the origin's zone; the one that is there when it was built before.

    None when no provider is automatic: then nobody waits for a mail. Its one Message-ID is made of the day.
    """
    stream = summary_stream(day)

    async def decide() -> Decided[ImportSummaryBuilt | None]:
        history = await store.load(stream)
        if history.version:
            first = history.facts[0]
            return Decided(None, first if isinstance(first, ImportSummaryBuilt) else None)
        automatic = [known.body.code for known in await reference.providers() if known.body.mode == "automatic"]
        if not automatic:
            return Decided(None, None)
        through = await store.head()
        before = await _before(store, day)
        last = max((b.through for b in before), default=None)
        start = max((b.through for b in before if b.built_on < day - timedelta(days=1)), default=0)
        events = await _events(store, start, through)
        later = [r for r in events if last is not None and r.position > last and r.business_date < day]
        built = ImportSummaryBuilt(
            day=day,
            zone=origin.zone,
            message_id=f"<import-summary.{day.isoformat()}@{mail_domain}>",
            built_on=origin.business_date,
            through=through,
            providers=summaries((r for r in events if r.business_date == day), automatic),
            earlier=summaries(later, (), named=MAX_NAMED // 3),
        )
        return Decided(Save(origin, (Write(history, (built,)),), rows=(OutboxRow(stream, origin.now),)), built)

    return await settle(store, origin, decide)


async def run_summary(
    office: PostOffice, reference: Reference, origin: Origin, day: date, *, by_hand: bool = False
) -> str:
    """The job: build the summary of a day and mail it now; what could not be mailed is tried again by the outbox.

    `by_hand`: whoever starts the job wants a mail that failed to be tried now, not when its time comes.
    Safe to run twice, or two at once: one summary, one mail. The answer is a sentence for people.
    """
    domain = office.sender.rpartition("@")[2]
    built = (await build_summary(office.store, reference, origin, day, domain)).outcome
    if built is None:
        return "No provider is automatic: there is no summary."
    delivery = await deliver(office, origin, summary_stream(day), by_hand=by_hand)
    succeeded, failed = (sum(p.succeeded for p in built.providers), sum(p.failed_count for p in built.providers))
    mailed = {"sent": "mailed", "not_now": "mailed before, or about to be"}.get(delivery, "not mailed yet, a problem")
    return f"Summary of {day}: {succeeded} imported, {failed} failed; {mailed}."


async def _before(store: EventStore, day: date) -> Sequence[ImportSummaryBuilt]:
    days = [day - timedelta(days=n) for n in range(1, LOOK_BACK.days + 1)]
    histories = await store.load_many([summary_stream(d) for d in days])
    return [f for history in histories.values() for f in history.facts[:1] if isinstance(f, ImportSummaryBuilt)]


async def _events(store: EventStore, start: int, through: int) -> list[Recorded]:
    events: list[Recorded] = []
    while start < through:
        page = await store.read(after=start, limit=_PAGE, types=TYPES, upto=through)
        events.extend(page)
        start = page[-1].position if len(page) == _PAGE else through
    return events
