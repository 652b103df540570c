"""A line is added to a contract."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from commands.billing_contract.desk import Answering, ContractDesk, Outcome, change
from commands.handling import Done
from commands.origin import Origin
from domain.billing_contract import lines
from domain.billing_contract.parts import LineTerms, TimeAndMaterialTerms
from domain.billing_contract.recurrence import recurrence
from domain.billing_contract.selection import Known
from domain.billing_contract.time_and_material import TransactionClass
from domain.fact import Fact


@dataclass(frozen=True, slots=True)
class WorkTerms:
    """A line of time and material as asked for: its rule is still to be checked."""

    classes: tuple[TransactionClass, ...]
    rule: str
    first_run: date | None
    cut_off_days: int


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line; `starts` None: with the contract."""

    code: str
    name: str
    starts: date | None
    ends: date | None
    terms: LineTerms | WorkTerms


async def add_line(
    desk: ContractDesk,
    origin: Origin,
    contract: UUID,
    wanted: NewLine,
    *,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """The same one again changes nothing; Rejected as a line or a recurrence is."""

    def decide(known: Known) -> Sequence[Fact]:
        state = known.contract
        starts = wanted.starts or state.terms.starts
        there = state.lines.get(wanted.code)
        terms = _terms(wanted, starts, state.terms.ends if there is None else None)
        return lines.add_line(state, wanted.code, wanted.name, starts, wanted.ends, terms)

    return await change(desk, origin, contract, decide, expected=expected, answer=answer)


def _terms(wanted: NewLine, starts: date, contract_ends: date | None) -> LineTerms:
    terms = wanted.terms
    if not isinstance(terms, WorkTerms):
        return terms
    ends = min((day for day in (wanted.ends, contract_ends) if day is not None), default=None)
    found = recurrence(terms.rule, begins=starts, first_run=terms.first_run, ends=ends)
    return TimeAndMaterialTerms(
        classes=terms.classes, rule=found.rule, first_run=found.first_run, cut_off_days=terms.cut_off_days
    )
