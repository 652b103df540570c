"""Looks for problems in the purchase store, in what usage is due, in reference data, and in what contracts bill."""

from collections.abc import Callable, Sequence
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
        for name, finding in _KINDS:
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


def _run(row: Values) -> Finding:
    number, contract, day, outcome, code, reason, next_try, since = row
    return Finding(
        "contract_not_billed",
        f"The invoice run of {day} {outcome} {number}: {reason}",
        "Mend what the reason names; it is tried again by the next run, or POST /v1/invoice-runs with its date.",
        since,
        {"contract": number, "contract_id": contract, "outcome": outcome, "code": code, "next_try": next_try},
    )


def _skipped(row: Values) -> Finding:
    number, contract, line, code, reason, first, last, since = row
    days = f"on {first}" if first == last else f"{first} to {last}"
    return Finding(
        "line_skipped",
        f"{number} was billed without line {line} ({days}). {reason}",
        "Mend the line: the next run looks at it again. Other lines were billed.",
        since,
        {"contract": number, "contract_id": contract, "line": line, "code": code},
    )


def _left_behind(row: Values) -> Finding:
    number, contract, line, run_date, count, first, last, since = row
    return Finding(
        "unbilled_at_end",
        f"{number}, line {line}: its last run ({run_date}) left {count:,} transactions ({first} to {last}), not ready.",
        "Cancel those that are not billed; bill the others by an ad hoc invoice.",
        since,
        {"contract": number, "contract_id": contract, "line": line, "transactions": count},
    )


def _milestones_left(row: Values) -> Finding:
    number, contract, line, run_date, count, first, last, since = row
    return Finding(
        "unbilled_at_end",
        f"{number}, line {line}: its last run ({run_date}) left {count:,} milestones ({first} to {last}), not ready.",
        "Mark what is owed ready: a run bills it, or generate it by hand by its date; or move the end of the line.",
        since,
        {"contract": number, "contract_id": contract, "line": line, "milestones": count},
    )


def _superseded(row: Values) -> Finding:
    reference, invoice, customer, contract, status, since = row
    return Finding(
        "superseded_open",
        f"{reference} was replaced by a newer invoice and is {status}.",
        "Close or delete it: it can't be approved.",
        since,
        {"customer_invoice": invoice, "reference": reference, "customer": customer, "contract": contract},
    )


_KINDS: Final[Sequence[tuple[str, Callable[[Values], Finding]]]] = (
    ("purchases", _purchases),
    ("usage", _usage),
    ("set_up", _set_up),
    ("runs", _run),
    ("skipped", _skipped),
    ("left_behind", _left_behind),
    ("milestones_left", _milestones_left),
    ("superseded", _superseded),
)
"""Named statements, and what a row of each says."""
