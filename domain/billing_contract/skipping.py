"""A line that is set up wrongly is skipped, and stops no other. Source: billing contracts, "The invoice run".

Commands refuse such a line; facts of another time, or another system's, may hold one all the same. An entry that bills
nothing but skipped lines stays active, so that each run looks at it again until somebody has mended the line.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from domain.billing_contract.parts import FixedPriceTerms, TimeAndMaterialTerms, UsageTerms
from domain.billing_contract.planning import schedule_fault, shares_cycle
from domain.billing_contract.schedule import Entry
from domain.billing_contract.state import BillingContract, Line
from domain.rejected import Rejected

if TYPE_CHECKING:
    from domain.billing_contract.line_items import LineItem


@dataclass(frozen=True, slots=True)
class Skip:
    """A line that is not billed, and why; `code` is that of the rule which says no."""

    line: str
    code: str
    reason: str


def items_or_skip(
    contract: BillingContract, line: Line, day: date, compute: Callable[[], Iterable["LineItem"]]
) -> "Sequence[LineItem] | Skip":
    """What a line comes to, unless it is set up so that it can't be billed."""
    fault = _fault(contract, line, day)
    if fault is None:
        try:
            return list(compute())
        except Rejected as no:
            fault = no
        except (ArithmeticError, ValueError) as odd:  # one line that nobody foresaw keeps no other from being billed
            fault = Rejected("unforeseen", f"It can't be computed, for a reason that nobody foresaw: {odd}")
    return Skip(line.code, fault.code, f"Line {line.code} was skipped: {fault.detail}")


def bills_nothing_else(contract: BillingContract, entry: Entry, skipped: Mapping[str, Skip]) -> bool:
    """Whether all lines that an entry bills are skipped. Usage is routed by its own rules: it holds no entry."""
    lines = [
        line
        for line in contract.lines.values()
        if (
            line.code == entry.line if entry.line is not None else shares_cycle(line) and _within(contract, line, entry)
        )
    ]
    return bool(lines) and all(line.code in skipped and not isinstance(line.terms, UsageTerms) for line in lines)


def _fault(contract: BillingContract, line: Line, day: date) -> Rejected | None:
    """What is wrong with a line that is in force on a day."""
    ends = contract.ends_of(line)
    if line.starts > day or (ends is not None and ends <= day):
        return None
    match line.terms:
        case FixedPriceTerms() if not line.milestones:
            return Rejected("no-milestone", "it has no milestone: add one.")
        case TimeAndMaterialTerms() if not line.terms.classes:
            return Rejected("no-class", "it takes no class of transactions: end it, and add another line.")
        case UsageTerms() as usage if not (
            usage.everything or usage.subscriptions or usage.products or usage.categories
        ):
            return Rejected("usage-unclear", "it names nothing that it takes: end it, and add another line.")
        case _:
            return schedule_fault(line)


def _within(contract: BillingContract, line: Line, entry: Entry) -> bool:
    ends = contract.ends_of(line)
    return line.starts <= entry.last and (ends is None or ends > entry.first)
