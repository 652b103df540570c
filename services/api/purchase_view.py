"""Purchases as answers show them."""

from collections.abc import Mapping
from typing import Any

from commands.ports.purchases import PlaceState, Stored
from commands.purchases.post import Result
from domain.purchases.placing import CONTRACT_CYCLE
from services.api.rendering import exact

_SHOWN: Mapping[PlaceState, str] = {"arriving": "waiting", "held": "waiting", "unrouted": "offered"}
"""States as the field knows them: `waiting` also for those that are just arriving, or held for their reference."""


def result_view(result: Result) -> dict[str, Any]:
    """What became of one purchase of a request."""
    view: dict[str, Any] = {"key": result.key, "outcome": result.outcome, "id": result.id}
    if result.state is not None:
        view |= {
            "state": _SHOWN.get(result.state, result.state),
            "customer_invoice": result.invoice,
            "schedule_entry": result.schedule_entry,
        }
    if result.code is not None:
        view["error"] = {"code": result.code, "detail": result.message}
    return view


def purchase_view(stored: Stored) -> dict[str, Any]:
    """One purchase with its place. `state_reason` says what a waiting or unrouted one waits for."""
    p, place = stored.purchase, stored.place
    in_cycle = place.state == "waiting" and place.reason == CONTRACT_CYCLE
    return {
        "id": p.id,
        "key": p.key,
        "customer": p.customer,
        "product": p.product,
        "subscription": p.subscription,
        "quantity": exact(p.quantity),
        "unit": p.unit,
        "time": p.occurred_at,
        "day": p.day,
        "cost": None if p.cost is None else exact(p.cost),
        "cost_currency": p.currency,
        "reference": p.reference,
        "reference_final": place.reference_final,
        "corrects": p.corrects,
        "attributes": p.attributes,
        "state": _SHOWN.get(place.state, place.state),
        "state_reason": place.reason or (place.state if place.state in _SHOWN else None),
        "customer_invoice": None if in_cycle else place.destination,
        "schedule_entry": place.destination if in_cycle else None,
        "accepted_at": stored.accepted_at,
        "accepted_by": stored.actor,
        "since": stored.since,
    }
