"""What pricing rules have besides other reference data: which of them hides which."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from commands.reference.desk import Outcome
from commands.reference.rule_conflicts import all_conflicts, rules_in_force
from domain.pricing.conflicts import Conflict
from domain.pricing.rule import PricingRuleBody
from services.api.access import may
from services.api.call import Call, CallDep
from services.api.lists import ListingDep, page_answer, page_of
from services.api.models import Listed
from services.api.route import ApiRoute

router = APIRouter(prefix="/v1/pricing-rules", route_class=ApiRoute, tags=["pricing-rules"])
MAX_TOLD: Final = 200
"""Rules named in the answer to a save; the totals count all."""


@router.get("/conflicts", operation_id="list_pricing_rule_conflicts", responses={200: {"model": Listed}})
@may("read")
async def list_conflicts(call: CallDep, listing: ListingDep) -> Response:
    """Pairs of rules of which one is taken where both apply, with the days on which they meet."""
    known, found = await all_conflicts(call.parts.reference)

    def shown(met: Conflict) -> dict[str, Any]:
        names = {"winner_name": known.codes[met.winner].name, "loser_name": known.codes[met.loser].name}
        return {"winner": met.winner, "loser": met.loser, **names, **_days(met)}

    return page_answer(page_of(found, listing.page), shown)


async def hiding(call: Call, data: Mapping[str, Any]) -> Callable[[Outcome], Mapping[str, Any]]:
    """What the answer to saving a rule says besides: the rules that it hides, and those that hide it."""
    customer = data.get("customer")
    known = await rules_in_force(call.parts.reference, [customer] if isinstance(customer, str) else [])

    def told(outcome: Outcome) -> Mapping[str, Any]:
        if not isinstance(outcome.body, PricingRuleBody):
            raise TypeError(f"{outcome.kind} is no pricing rule")
        hidden, hidden_by = known.beside(outcome.body)
        return {
            "hides": [{"code": met.loser, **_days(met)} for met in hidden[:MAX_TOLD]],
            "hides_total": len(hidden),
            "hidden_by": [{"code": met.winner, **_days(met)} for met in hidden_by[:MAX_TOLD]],
            "hidden_by_total": len(hidden_by),
        }

    return told


def _days(met: Conflict) -> dict[str, Any]:
    return {"from": met.overlap_from, "to": met.overlap_to, "fully": met.fully}
