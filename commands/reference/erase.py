"""Erase a customer's personal data: the key is destroyed, readers show `[erased]`, chains stay valid."""

from commands.handling import Decided, Done, settle
from commands.origin import Origin
from commands.ports.event_store import Save, Write
from commands.ports.key_vault import KeyVault
from commands.ports.retention import Retention
from commands.reference.desk import Desk, Outcome
from commands.reference.rows import IdentifierRows
from commands.reference.save import ToAnswer
from domain.identity import reference_stream
from domain.reference import decisions
from domain.reference.kinds import KINDS
from domain.reference.state import Absent, fold
from domain.rejected import Rejected

_CUSTOMER = KINDS["customer"]


async def erase(
    desk: Desk,
    vault: KeyVault,
    retention: Retention,
    origin: Origin,
    code: str,
    reason: str,
    *,
    answer: ToAnswer | None = None,
) -> Done[Outcome]:
    """Record the erasure, then destroy the key; for good. Again: the key is destroyed if it was not yet.

    Rejected `retention` while an approved invoice within the legal term needs it, `not-found`.
    """
    own = reference_stream("customer", code)

    async def decide() -> Decided[Outcome]:
        history = await desk.store.load(own)
        state = fold(history.facts)
        facts = decisions.erase(_CUSTOMER, state, code, reason)
        if isinstance(state, Absent):
            raise decisions.missing(_CUSTOMER, code)
        outcome = Outcome("customer", code, own.id, history.version + len(facts), "erased", state.body)
        if not facts:
            return Decided(None, outcome)
        needed = await retention.needed_for(code, origin.business_date)
        if needed:
            raise Rejected(
                "retention",
                f"Customer {code} can't be erased: the law still needs {', '.join(needed[:5])}.",
                facts={"invoices": list(needed[:100])},
            )
        rows = (IdentifierRows("customer", ((code, ()),)),) if getattr(state.body, "identifiers", ()) else ()
        return Decided(Save(origin, (Write(history, tuple(facts)),), rows=rows), outcome)

    done = await settle(desk.store, origin, decide, answer)
    # Recorded first: a process that dies here leaves a fact by which the erasure is found and finished.
    await vault.erase(f"customer/{code}")
    return done
