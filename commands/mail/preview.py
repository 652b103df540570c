"""Preview a notification template with sample data, saved or about to be."""

from commands.mail.deliver import written_by
from commands.mail.samples import sample_of
from commands.ports.event_store import EventStore
from commands.ports.templates import TemplateBroken, Templates, Text
from domain.rejected import Rejected


async def preview(
    store: EventStore, templates: Templates, code: str, subject: str | None = None, body: str | None = None
) -> Text:
    """The text with sample data; `subject` and `body` try another one than the present.

    Rejected `template-broken` says what to mend, `not-found` when there is neither a saved nor a built-in text.
    """
    text = Text(subject, body) if subject is not None and body is not None else None
    if text is None:
        _, present = await written_by(store, code)
        text = Text(present.subject if subject is None else subject, present.body if body is None else body)
    try:
        templates.check(text, sample_of(code))
        return templates.render(text, sample_of(code))
    except TemplateBroken as broken:
        raise Rejected(
            "template-broken",
            f"The template {code} can't be used: {broken.message}",
            kind="invalid",
            facts={"errors": [{"pointer": f"/{broken.field}", "line": broken.line, "message": broken.message}]},
        ) from None
