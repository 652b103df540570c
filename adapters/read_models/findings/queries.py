"""Looks for problems in the purchase store, in what usage is due, and in reference data."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from psycopg import sql

from adapters.read_models.reading import Reader, Values
from adapters.sql_files import load_sql
from projections.findings.queries import Finding

_SQL: Final = load_sql(__package__)
LIMIT: Final = 100
"""Groups of each kind; mending these shows the next."""

ROUTE_AGAIN: Final = "Mend what the reason names, then POST /v1/purchases/reroute; or cancel them with a reason."


class PostgresFindings:
    """See `projections.findings.queries`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def all(self, held_before: datetime) -> Sequence[Finding]:
        """See the port."""
        values = {"held_before": held_before, "limit": LIMIT}
        found: list[Finding] = []
        for name, finding in (("purchases", _purchases), ("usage", _usage), ("set_up", _set_up)):
            found += [finding(row) for row in await self._reader.all(sql.SQL(_SQL[name]), values)]
        return found


def _purchases(row: Values) -> Finding:
    state, customer, reference, reason, count, since, first, last = row
    of = f"{count:,} purchase{'s' if count != 1 else ''} of {customer} ({first} to {last})"
    facts = {"customer": customer, "reference": reference, "reason": reason, "purchases": count}
    if state == "held":
        return Finding(
            "purchases_held",
            f"{of} wait for the ad hoc invoice {reference}, which nobody has made yet.",
            f"Create the ad hoc invoice {reference}, or cancel them with a reason.",
            since,
            facts,
        )
    return Finding("purchases_unrouted", f"{of} are on no invoice: {reason}", ROUTE_AGAIN, since, facts)


def _usage(row: Values) -> Finding:
    customer, invoice, provider, number, reason, count, since = row
    return Finding(
        "usage_unrouted",
        f"Usage of {customer} on {provider or 'provider invoice'} {number or invoice} is on no invoice: {reason}",
        "Mend what the reason names; it is tried again by itself, and on POST /v1/purchases/reroute.",
        since,
        {"customer": customer, "provider_invoice": invoice, "provider": provider, "invoice_number": number,
         "reason": reason, "offers": count},
    )  # fmt: skip


def _set_up(row: Values) -> Finding:
    kind, code, field, of_kind, names, wrong = row
    return Finding(
        "wrong_set_up",
        f"The {kind} {code} names the {of_kind} {names} in {field}, which {wrong}.",
        f"Save the {kind} with another {of_kind}, or bring {names} back with what it lacks.",
        None,
        {"kind": kind, "code": code, "field": field, "names": names},
    )
