"""Terms of a contract change."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from commands.billing_contract.desk import Answering, ContractDesk, Outcome, change, customers_of, with_ids
from commands.handling import Done
from commands.origin import Origin
from domain.billing_contract import agreement
from domain.billing_contract.selection import Known
from domain.billing_contract.shares import Share, checked_shares
from domain.fact import Fact


async def amend(
    desk: ContractDesk,
    origin: Origin,
    contract: UUID,
    terms: Mapping[str, Any],
    *,
    customers: Sequence[Share] | None = None,
    shares_from: date | None = None,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """`terms`: field of `Terms` -> new value, of those that change; `customers` None: they are as they were."""
    fields = dict(terms)
    if customers is not None:
        await customers_of(desk, checked_shares(customers))
        fields["customers"] = with_ids(customers)

    def decide(known: Known) -> Sequence[Fact]:
        terms = known.contract.terms.model_copy(update=fields)
        return agreement.amend(known.contract, terms, shares_from=shares_from, invoiced=known.invoiced)

    return await change(desk, origin, contract, decide, expected=expected, answer=answer)
