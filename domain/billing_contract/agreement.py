"""Whole contracts: signed, amended, ended. Source of the rules: billing contracts."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from domain.billing_contract import events as e
from domain.billing_contract.cycles import checked_day
from domain.billing_contract.parts import Terms
from domain.billing_contract.schedule import checked_offset
from domain.billing_contract.shares import checked_shares
from domain.billing_contract.state import BillingContract, shares_of
from domain.fact import Fact
from domain.money import minor_units
from domain.rejected import Rejected

MAX_NUMBER: Final = 64
"""Characters of a contract's number."""
FIXED: Final = ("starts", "currency", "frequency")
"""What can't change once something is invoiced; who the customers are can't either."""


def sign(contract: BillingContract | None, number: str, terms: Terms, recorded_on: date) -> list[Fact]:
    """A contract begins. The same one again decides nothing; Rejected `contract-number-taken` for another one."""
    if contract is not None:
        if contract.signed == terms:
            return []
        raise Rejected("contract-number-taken", f"Contract {number} exists with other terms: choose another number.")
    _check_number(number)
    _check(terms)
    return [e.ContractSigned(contract=number, terms=terms, recorded_on=recorded_on)]


def amend(
    contract: BillingContract, terms: Terms, *, shares_from: date | None = None, invoiced: date | None = None
) -> list[Fact]:
    """Other terms; `invoiced`: the first day of the latest invoiced cycle, None: nothing is invoiced.

    Shares change from `shares_from` on; without it from the start, which can't be once something is invoiced.
    Rejected `fixed-once-invoiced`, `shares-from-missing`, `change-before-start`, `line-before-start`, `end-by-end`.
    """
    now = contract.terms
    other_shares = shares_of(terms.customers) != shares_of(now.customers)
    if terms == now or (shares_from is not None and not other_shares and _same_but_shares(terms, now)):
        return []
    _check(terms)
    if terms.ends != now.ends:
        raise Rejected("end-by-end", "A contract's end is set by ending it.", kind="invalid")
    if invoiced is not None:
        _expect_not_fixed(now, terms)
        if other_shares and shares_from is None:
            raise Rejected(
                "shares-from-missing", "Something is invoiced: say from which day on the shares hold.", kind="invalid"
            )
    if shares_from is not None and shares_from < terms.starts:
        raise Rejected(
            "change-before-start",
            f"Shares can't change on {shares_from}, before the contract starts on {terms.starts}: give a later day.",
            kind="invalid",
        )
    for line in contract.lines.values():
        expect_within(terms, line.starts)
    day = checked_day(shares_from) if shares_from is not None and other_shares else None
    return [e.ContractAmended(contract=contract.number, terms=terms, before=now, shares_from=day)]


def end(contract: BillingContract, ends: date, *, invoiced: date | None = None) -> list[Fact]:
    """Not billed from `ends` on; it may be moved until a later cycle is invoiced. The same day again decides nothing.

    Rejected `end-before-start`, `later-cycle-invoiced`.
    """
    if contract.status == "ended" and contract.terms.ends == ends:
        return []
    check_end(checked_day(ends), contract.terms.starts)
    if invoiced is not None and ends <= invoiced:
        raise Rejected(
            "later-cycle-invoiced",
            f"The cycle from {invoiced} is invoiced: {contract.number} can't end before {invoiced}; give a later day.",
        )
    return [e.ContractEnded(contract=contract.number, ends=ends, before=contract.terms.ends)]


def check_end(ends: date, starts: date) -> None:
    """Rejected `end-before-start` unless at least one day is billed."""
    if ends <= starts:
        raise Rejected(
            "end-before-start",
            f"The end {ends}, the first day not billed, must be after the start {starts}.",
            kind="invalid",
        )


def expect_within(terms: Terms, starts: date) -> None:
    """Rejected `line-before-start`, `line-after-end` when a line would begin outside the contract."""
    if starts < terms.starts:
        raise Rejected(
            "line-before-start",
            f"A line can't start on {starts}, before the contract does on {terms.starts}.",
            kind="invalid",
        )
    if terms.ends is not None and starts >= terms.ends:
        raise Rejected(
            "line-after-end",
            f"A line can't start on {starts}: {terms.ends} is the first day the contract is not billed.",
            kind="invalid",
        )


def _check(terms: Terms) -> None:
    checked_shares(shares_of(terms.customers))
    minor_units(terms.currency)
    checked_day(terms.starts)
    checked_offset(terms.offset)
    if terms.ends is not None:
        check_end(checked_day(terms.ends), terms.starts)
    if len(set(terms.tasks)) != len(terms.tasks):
        raise Rejected("task-twice", "A task is named twice: name each once.", kind="invalid")


def _check_number(number: str) -> None:
    if not 0 < len(number.strip()) <= MAX_NUMBER or not number.isprintable():
        raise Rejected(
            "contract-number-invalid", f"A number has 1 to {MAX_NUMBER} printable characters.", kind="invalid"
        )


def _expect_not_fixed(now: Terms, terms: Terms) -> None:
    changed = [name for name in FIXED if getattr(now, name) != getattr(terms, name)]
    if _codes(now) != _codes(terms):
        changed.append("customers")
    if changed:
        raise Rejected(
            "fixed-once-invoiced",
            f"Something is invoiced: {', '.join(changed)} can't change any more. End the contract and sign another.",
            facts={"fields": changed},
        )


def _codes(terms: Terms) -> Sequence[str]:
    return sorted(one.customer for one in terms.customers)


def _same_but_shares(terms: Terms, now: Terms) -> bool:
    return terms.model_copy(update={"customers": now.customers}) == now
