"""Whether an entry is billed already, by which invoices, and what can be billed instead."""

from collections.abc import Sequence

from domain.billing_contract.entry_events import InvoiceMade
from domain.billing_contract.schedule import Entry
from domain.billing_contract.selection import Known, named_entry
from domain.rejected import Rejected


def invoiced_by(known: Known, entry: Entry) -> Sequence[InvoiceMade]:
    """The live invoices of an entry that nothing is left to bill of."""
    state = known.state(entry)
    if state is None or state.status == "active":
        return ()
    return [one for one in state.invoices if one.invoice in state.live]


def expect_active(known: Known, entry: Entry) -> None:
    """Rejected `cycle-invoiced`, naming the invoices and the next entry that is not billed."""
    state, invoiced = known.state(entry), invoiced_by(known, entry)
    if not invoiced and (state is None or state.status == "active" or state.reason == "nothing_to_bill"):
        return
    names = ", ".join(one.reference for one in invoiced) or "nothing"
    try:
        following = named_entry(known, None).named_by
        hint = f"the next one that is not billed is {following}"
    except Rejected:
        following, hint = None, "nothing else is left to bill"
    raise Rejected(
        "cycle-invoiced",
        f"{entry.named_by} of {known.contract.number} is billed by {names}; {hint}.",
        facts={"invoices": [str(one.invoice) for one in invoiced], "next": following},
    )
