"""What a contract's lines come to as schedules."""

from collections.abc import Sequence
from datetime import date

from domain.billing_contract.cycles import Calendar, Frequency
from domain.billing_contract.parts import FixedPriceTerms, SubscriptionTerms, TimeAndMaterialTerms, UsageTerms
from domain.billing_contract.recurrence import Recurrence
from domain.billing_contract.recurrence_text import parse
from domain.billing_contract.schedule import CycleSchedule, MilestoneSchedule, RunSchedule, Schedule
from domain.billing_contract.state import BillingContract, Line
from domain.rejected import Rejected


def schedules_of(contract: BillingContract) -> Sequence[Schedule]:
    """The shared cycle first, if a line shares it, then those of lines with a schedule of their own.

    A line whose schedule can't be read has none: see `schedule_fault`.
    """
    shared = [line for line in contract.lines.values() if shares_cycle(line)]
    found: list[Schedule] = []
    if shared:
        ends = [contract.ends_of(line) for line in shared]
        last = None if None in ends else max(day for day in ends if day is not None)
        calendar = _calendar(contract, contract.terms.frequency, min(line.starts for line in shared), last)
        found.append(CycleSchedule(calendar, offset=contract.terms.offset))
    own = (line for line in contract.lines.values() if not shares_cycle(line))
    found.extend(_own(contract, line) for line in own if schedule_fault(line) is None)
    return found


def schedule_fault(line: Line) -> Rejected | None:
    """Why a line has no schedule: a recurrence that can't be read."""
    if isinstance(line.terms, TimeAndMaterialTerms):
        try:
            parse(line.terms.rule)
        except Rejected as no:
            return no
    return None


def usage_schedule(contract: BillingContract, line: Line) -> CycleSchedule:
    """The cycles whose entries bill a usage line: the shared ones, or its own."""
    found = schedules_of(contract)
    for one in found:
        if isinstance(one, CycleSchedule) and one.line == (None if shares_cycle(line) else line.code):
            return one
    raise ValueError(f"{line.code} of {contract.number} has no cycles")


def shares_cycle(line: Line) -> bool:
    """Whether the contract's shared cycle bills the line."""
    match line.terms:
        case SubscriptionTerms():
            return line.terms.frequency is None
        case UsageTerms():  # one that waits for providers has entries of its own, so that it holds no other line
            return line.terms.frequency is None and line.terms.wait_for_providers is None
        case _:
            return False


def _own(contract: BillingContract, line: Line) -> Schedule:
    ends, offset = contract.ends_of(line), contract.terms.offset
    match line.terms:
        case FixedPriceTerms():
            named = tuple((one.name, one.day) for one in line.milestones.values())
            return MilestoneSchedule(line.code, named, ends, offset)
        case TimeAndMaterialTerms():
            recurrence = Recurrence(line.terms.rule, line.terms.first_run)
            return RunSchedule(line.code, recurrence, ends, line.terms.cut_off_days, offset)
        case _:
            frequency = line.terms.frequency or contract.terms.frequency
            return CycleSchedule(_calendar(contract, frequency, line.starts, ends), line.code, offset)


def _calendar(contract: BillingContract, frequency: Frequency, begins: date, ends: date | None) -> Calendar:
    return Calendar(contract.terms.starts, frequency, begins, ends)
