"""Lines of a contract: added, changed from a day on, ended; never deleted. Source of the rules: billing contracts."""

from datetime import date
from decimal import Decimal
from re import fullmatch
from typing import Final

from domain.billing_contract import events as e
from domain.billing_contract.agreement import check_end, expect_within
from domain.billing_contract.cycles import checked_day
from domain.billing_contract.parts import (
    FixedPriceTerms,
    LineTerms,
    MilestoneTerms,
    SubscriptionTerms,
    TimeAndMaterialTerms,
    UsageTerms,
)
from domain.billing_contract.schedule import MAX_OFFSET, checked_cut_off
from domain.billing_contract.state import BillingContract, Line
from domain.billing_contract.subscription import Change, Subscription, checked_change
from domain.fact import Fact
from domain.rejected import Rejected

MAX_LINES: Final = 200
"""Lines of one contract."""
MAX_MILESTONES: Final = 200
"""Of one line."""
_CODE: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


def add_line(
    contract: BillingContract, code: str, name: str, starts: date, ends: date | None, terms: LineTerms
) -> list[Fact]:
    """A line begins; a recurrence in `terms` is checked already. The same one again decides nothing.

    Rejected `line-code-taken`, `code-invalid`, `too-many-lines`, `line-before-start`, `line-after-end`,
    `end-before-start`, and what its kind asks for.
    """
    added = e.LineAdded(contract=contract.number, line=code, name=name, starts=starts, ends=ends, terms=terms)
    there = contract.lines.get(code)
    if there is not None:
        if (there.name, there.starts, there.terms) == (name, starts, terms):
            return []
        raise Rejected("line-code-taken", f"Contract {contract.number} has another line {code}: choose another code.")
    check_code(code)
    if len(contract.lines) >= MAX_LINES:
        raise Rejected("too-many-lines", f"A contract has at most {MAX_LINES} lines: sign another one.", kind="invalid")
    expect_within(contract.terms, checked_day(starts))
    if ends is not None:
        check_end(checked_day(ends), starts)
    _check(terms)
    return [added]


def end_line(contract: BillingContract, code: str, ends: date) -> list[Fact]:
    """Not billed from `ends` on; an end may be moved. Rejected `line-missing`, `end-before-start`."""
    line = contract.line(code)
    if line.ends == ends:
        return []
    check_end(checked_day(ends), line.starts)
    return [e.LineEnded(contract=contract.number, line=code, ends=ends, before=line.ends)]


def change_quantity(contract: BillingContract, code: str, day: date, quantity: Decimal) -> list[Fact]:
    """Another quantity from a day on; Rejected `line-of-other-kind`, `change-before-start`, `change-after-end`,
    `quantity-negative`.
    """
    line = _subscription(contract, code)
    change = checked_change(_known(contract, line), Change(checked_day(day), quantity))
    if _holds(line.quantities, change):
        return []
    return [e.QuantityChanged(contract=contract.number, line=code, day=day, quantity=quantity)]


def change_price(contract: BillingContract, code: str, day: date, price: Decimal) -> list[Fact]:
    """Another price from a day on; Rejected like a change of quantity."""
    line = _subscription(contract, code)
    checked_change(_known(contract, line), Change(checked_day(day), Decimal(0)))
    if _holds(line.prices, Change(day, price)):
        return []
    return [e.PriceChanged(contract=contract.number, line=code, day=day, price=price)]


def add_milestone(contract: BillingContract, code: str, milestone: MilestoneTerms) -> list[Fact]:
    """One more milestone. The same one again decides nothing.

    Rejected `line-of-other-kind`, `milestone-name-taken`, `too-many-milestones`, `milestone-name-invalid`.
    """
    line = contract.line(code)
    _expect_kind(line, "fixed_price", "A milestone")
    there = line.milestones.get(milestone.name)
    if there is not None:
        if (there.day, there.amount) == (milestone.day, milestone.amount):
            return []
        raise Rejected("milestone-name-taken", f"Line {code} has another milestone {milestone.name}: rename it.")
    if len(line.milestones) >= MAX_MILESTONES:
        raise _invalid("too-many-milestones", f"A line has at most {MAX_MILESTONES} milestones: add another line.")
    _check_milestone(milestone)
    return [e.MilestoneAdded(contract=contract.number, line=code, milestone=milestone)]


def mark_milestone(contract: BillingContract, code: str, name: str, *, ready: bool) -> list[Fact]:
    """Ready to invoice, or not after all; Rejected `milestone-missing`, `ready-already`, `not-ready`."""
    line = contract.line(code)
    _expect_kind(line, "fixed_price", "A milestone")
    found = line.milestones.get(name)
    if found is None:
        raise Rejected("milestone-missing", f"Line {code} has no milestone {name[:64]}.", kind="missing")
    expect_other_readiness(f"Milestone {name}", now=found.ready, wanted=ready)
    fact = e.MarkedReady if ready else e.UnmarkedReady
    return [fact(contract=contract.number, line=code, milestone=name)]


def expect_other_readiness(what: str, *, now: bool, wanted: bool) -> None:
    """Rejected `ready-already`, `not-ready`: each is said once."""
    if now and wanted:
        raise Rejected("ready-already", f"{what} is marked ready already: there is nothing to do.")
    if not now and not wanted:
        raise Rejected("not-ready", f"{what} is not marked ready: there is nothing to take back.")


def check_code(code: str) -> None:
    """Rejected `code-invalid` unless it can stand in a path."""
    if not fullmatch(_CODE, code):
        raise _invalid("code-invalid", "A code has 1 to 64 letters, digits, dots, hyphens or underscores.")


def _check(terms: LineTerms) -> None:
    match terms:
        case SubscriptionTerms():
            if terms.quantity < 0:
                raise _invalid("quantity-negative", "A quantity can't be below 0: give 0 or more.")
        case UsageTerms():
            _check_usage(terms)
        case FixedPriceTerms():
            if not terms.milestones:
                raise _invalid("no-milestone", "A fixed-price line has at least one milestone: give one.")
            if len({one.name for one in terms.milestones}) < len(terms.milestones):
                raise _invalid("milestone-twice", "Two milestones have the same name: name each differently.")
            if len(terms.milestones) > MAX_MILESTONES:
                raise _invalid("too-many-milestones", f"A line has at most {MAX_MILESTONES} milestones.")
            for one in terms.milestones:
                _check_milestone(one)
        case TimeAndMaterialTerms():
            if not terms.classes:
                raise _invalid("no-class", "A time-and-material line lists the classes it takes: name one.")
            checked_cut_off(terms.cut_off_days)


def _check_usage(terms: UsageTerms) -> None:
    named = bool(terms.subscriptions or terms.products or terms.categories)
    if named == terms.everything:
        raise _invalid(
            "usage-unclear", "A usage line takes everything, or what it names: subscriptions, products or categories."
        )
    if terms.wait_for_providers is not None and not 0 <= terms.wait_for_providers <= MAX_OFFSET:
        raise _invalid("wait-out-of-range", f"wait_for_providers is 0 to {MAX_OFFSET} days.")


def _check_milestone(one: MilestoneTerms) -> None:
    checked_day(one.day)
    if not one.name.strip() or not one.name.isprintable():
        raise _invalid("milestone-name-invalid", "A milestone's name has printable characters.")


def _subscription(contract: BillingContract, code: str) -> Line:
    line = contract.line(code)
    _expect_kind(line, "subscription", "A change of quantity or price")
    return line


def _expect_kind(line: Line, kind: str, what: str) -> None:
    if line.terms.kind != kind:
        raise Rejected("line-of-other-kind", f"{what} needs a line of kind {kind}; {line.code} is {line.terms.kind}.")


def _known(contract: BillingContract, line: Line) -> Subscription:
    return Subscription(line.starts, line.quantities, line.prices, contract.ends_of(line))


def _holds(changes: tuple[Change, ...], wanted: Change) -> bool:
    same_day = [one for one in changes if one.day == wanted.day]
    return bool(same_day) and same_day[-1].value == wanted.value


def _invalid(code: str, detail: str) -> Rejected:
    return Rejected(code, detail, kind="invalid")
