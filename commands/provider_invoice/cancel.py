"""Stop an import, or give up a manual invoice that waits."""

from uuid import UUID

from commands.handling import Done
from commands.origin import Origin
from commands.provider_invoice.change import change
from commands.provider_invoice.desk import Answering, InvoiceDesk, Outcome
from domain.fact import Fact
from domain.provider_invoice import conclude
from domain.provider_invoice.state import ProviderInvoice
from domain.rejected import Rejected

CANCELLED = "cancelled"


async def cancel(
    desk: InvoiceDesk,
    origin: Origin,
    invoice: UUID,
    *,
    reason: str | None = None,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """`error` with `import_failed`; the worker notices at its next chunk. One that was cancelled changes nothing."""

    def decide(state: ProviderInvoice) -> list[Fact]:
        if state.status == "error" and state.import_code == CANCELLED:
            return []
        if state.status != "populating":
            raise Rejected("not-populating", f"{state.number} is {state.status}: there is no import to cancel.")
        why = f": {reason.strip()}" if reason and reason.strip() else ""
        advice = "sync it again" if state.source == "automatic" else "activate it to try again"
        return conclude.fail_import(state, CANCELLED, f"The import was cancelled by {origin.actor}{why}; {advice}.")

    return await change(desk, origin, invoice, decide, expected=expected, answer=answer)
