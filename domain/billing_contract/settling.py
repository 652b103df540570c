"""The last run of a contract: what corrects its cycles when nothing is left that a correction could ride with.

A contract ended in a cycle that was billed ahead, a quantity told after the last cycle: no next invoice would come.
Such a correction is billed by itself, by the first run after it was told and not before the contract's last runs.
Source of the rule: billing contracts, "Lines", "a correction item on the next invoice".
"""

from collections.abc import Iterable
from datetime import date

from domain.billing_contract.billing import bill
from domain.billing_contract.known import Known
from domain.billing_contract.schedule import Entry, closing_date, moved


def settles(entry: Entry) -> bool:
    """Whether an entry is a last run of the contract, rather than of one of its lines."""
    return entry.closing and entry.line is None


def settlement(known: Known) -> Entry | None:
    """The entry of corrections that no invoice bills, where no other entry is left; None: there are none.

    Named by its day: each later one is a day after the one before. One whose invoice was deleted is there again.
    """
    corrected = bill(known, known.contract.recorded_on, (), {}).items
    if not corrected:
        return None
    before = list(_before(known))
    again = [entry for entry, active in before if active]
    if again:
        return again[0]
    day, done = _earliest(known), {entry.run_date for entry, _ in before}
    while day in done:
        day = moved(day, 1)
    return _on(day)


def settled_on(known: Known, day: date) -> Entry | None:
    """The last run of the contract that was billed on a day; None: none was."""
    return next((entry for entry, _ in _before(known) if entry.run_date == day), None)


def _earliest(known: Known) -> date:
    """The last of the days on which its lines have their last runs."""
    contract = known.contract
    ends = (contract.ends_of(line) for line in contract.lines.values())
    return max((closing_date(day, contract.terms.offset) for day in ends if day), default=contract.recorded_on)


def _before(known: Known) -> Iterable[tuple[Entry, bool]]:
    """Those that something happened to, by day, and whether each is active."""
    states = (one for one in known.entries.values() if one.ref.closing and one.ref.line is None)
    for one in sorted(states, key=lambda one: one.ref.run_date):
        yield _on(one.ref.run_date), one.status == "active"


def _on(day: date) -> Entry:
    return Entry(day, "run", None, day, day, closing=True)
