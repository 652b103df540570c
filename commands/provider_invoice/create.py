"""Type in a manual invoice; it then waits for its lines."""

from commands.handling import Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.ports.event_store import Save, Write
from commands.provider_invoice.desk import Answering, InvoiceDesk, Outcome, provider_of, unwritten
from commands.provider_invoice.used import with_usage
from domain.identity import normal, provider_invoice_stream
from domain.provider_invoice import populate
from domain.provider_invoice.parts import Header
from domain.provider_invoice.state import fold
from domain.rejected import Rejected

MAX_NUMBER = 200


async def create(
    desk: InvoiceDesk,
    origin: Origin,
    *,
    provider: str,
    number: str,
    header: Header,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """`populating`, attempt 1, or the next one where it was deleted.

    The same header again finds the one that is there (`created` is False); Rejected `provider-invoice-exists` for
    another header, `provider-missing`, `invoice-number-invalid`.
    """
    code = normal(provider)
    name = expect_number(number)
    stream = provider_invoice_stream(code, name)
    # Most numbers are new, and providers seldom change: the first try takes it so without looking. The append finds
    # out when it is not so.
    looking = expected is not None

    async def decide() -> Decided[Outcome]:
        nonlocal looking
        known = await provider_of(desk, code, as_seen=not looking)
        history = await desk.store.load(stream) if looking else unwritten(stream)
        looking = True
        expect_version(history.version, expected)
        before = fold(history.facts)
        facts = populate.create_manual(before, code, name, header)
        if not facts and before is not None:
            there = Outcome(stream.id, history.version, before, changed=False)
            return Decided(None, await with_usage(desk, there))
        state = fold([*history.facts, *facts])
        if state is None:
            raise TypeError("an invoice that begins has a state")
        save = Save(origin=origin, writes=(Write(history, tuple(facts)), Write(known.seen, ())))
        return Decided(save, Outcome(stream.id, history.version + len(facts), state, created=True))

    return await settle(desk.store, origin, decide, answer)


def expect_number(number: str) -> str:
    """The provider's number as it is compared: trimmed, NFC; Rejected when it is empty, too long or unprintable."""
    name = normal(number)
    if not 0 < len(name) <= MAX_NUMBER or not name.isprintable():
        raise Rejected(
            "invoice-number-invalid",
            f"An invoice number has 1 to {MAX_NUMBER} printable characters, not {name[:60]!r}.",
            kind="invalid",
        )
    return name
