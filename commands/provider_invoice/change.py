"""The frame of the verbs that write one provider invoice only: load, decide, append, answer."""

from collections.abc import Callable
from uuid import UUID

from commands.handling import Decided, Done, expect_version, settle
from commands.origin import Origin
from commands.ports.event_store import Save, Write
from commands.provider_invoice.desk import Answering, InvoiceDesk, Loaded, Outcome, load
from commands.provider_invoice.used import with_usage
from domain.fact import Fact
from domain.provider_invoice.state import ProviderInvoice, evolve


async def change(
    desk: InvoiceDesk,
    origin: Origin,
    invoice: UUID,
    decide: Callable[[ProviderInvoice], list[Fact]],
    *,
    expected: int | None,
    answer: Answering,
) -> Done[Outcome]:
    """Append what `decide` says of the present state; nothing when it says nothing. `expected` is `If-Match`."""

    async def decided() -> Decided[Outcome]:
        loaded = await load(desk, invoice)
        expect_version(loaded.history.version, expected)
        written = one_write(origin, loaded, decide(loaded.state))
        return Decided(written.save, await with_usage(desk, written.outcome))

    return await settle(desk.store, origin, decided, answer)


def one_write(origin: Origin, loaded: Loaded, facts: list[Fact]) -> Decided[Outcome]:
    """What to store for facts of one invoice, and its outcome."""
    save = Save(origin=origin, writes=(Write(loaded.history, tuple(facts)),)) if facts else None
    return Decided(save, outcome_after(loaded, facts))


def outcome_after(loaded: Loaded, facts: list[Fact]) -> Outcome:
    """The outcome of facts that follow what was loaded."""
    return Outcome(
        id=loaded.id,
        version=loaded.history.version + len(facts),
        state=state_after(loaded.state, facts),
        changed=bool(facts),
    )


def state_after(state: ProviderInvoice, facts: list[Fact]) -> ProviderInvoice:
    """The state after more facts."""
    for fact in facts:
        state = evolve(state, fact) or state
    return state
