"""What a preview stands for, as plain data: its digest, and what is different in a later one, item by item."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from commands.billing_contract.bill import Decision
from commands.billing_contract.billing_desk import ReplacedInvoice
from commands.billing_contract.making import NewInvoice
from domain.billing_contract.entry_events import TransactionsTaken
from domain.billing_contract.line_items import LineItem
from domain.billing_contract.schedule import Entry
from domain.money import fixed, plain
from domain.pricing.items import Failure, Item

MOST: Final = 1_000
"""Differences in one answer."""
_KEY: Final = ("kind", "line", "cycle", "product", "subscription", "late_period")
"""What says that two items are the same one."""
_OWN: Final = ("reference", "from", "to", "total", "failure")


def document_of(
    number: str, entry: Entry, decision: Decision | None, replaced: Sequence[ReplacedInvoice] = ()
) -> Mapping[str, Any]:
    """The invoices with their items, what each is made of, the transactions that are taken, and what is replaced."""
    taken = {} if decision is None else decision.prepared.plan.taken
    return {
        "contract": number,
        "entry": {"kind": entry.kind, "line": entry.line, "day": entry.named_by.isoformat(), "name": entry.name},
        "invoices": [] if decision is None else [_invoice(decision, one) for one in decision.invoices],
        "transactions": {line: [_taken(one) for one in some] for line, some in taken.items()},
        "replaced": {one.reference: {"customer": one.customer, "how": one.how} for one in replaced},
    }


def text_of(document: Mapping[str, Any]) -> str:
    """The same document is the same text."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(text: str) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """What was added, removed and changed, by customer; at most MOST. `before` and `now` hold what differs alone."""
    return [one for one, _ in zip(_differences(before, now), range(MOST), strict=False)]


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if before["entry"] != now["entry"]:
        yield _changed("entry", {}, before["entry"], now["entry"])
    old, new = ({one["customer"]: one for one in document["invoices"]} for document in (before, now))
    for customer in dict.fromkeys([*old, *new]):
        of = {"customer": customer}
        there, here = old.get(customer), new.get(customer)
        if there is None or here is None or _own(there) != _own(here):
            yield _changed("invoice", of, _own(there), _own(here))
        yield from _items(of, _by_key(there), _by_key(here))
    for reference in sorted({*before["replaced"], *now["replaced"]}):
        was, will = (document["replaced"].get(reference) for document in (before, now))
        if was != will:
            yield _changed("replaced", {"reference": reference}, was, will)
    for line in sorted({*before["transactions"], *now["transactions"]}):
        some, others = (document["transactions"].get(line, []) for document in (before, now))
        if some != others:
            counts = [
                {"count": sum(one["count"] for one in several)} if several else None for several in (some, others)
            ]
            yield _change("transactions", {"line": line}, *counts)


def _items(of: Mapping[str, Any], before: "_ByKey", now: "_ByKey") -> Iterator[Mapping[str, Any]]:
    for key in dict.fromkeys([*before, *now]):
        there, here = before.get(key), now.get(key)
        if there != here:
            yield _changed("item", {**of, **dict(zip(_KEY, key[0], strict=True))}, there, here)


_ByKey = Mapping[tuple[tuple[Any, ...], int], Mapping[str, Any]]


def _by_key(invoice: Mapping[str, Any] | None) -> _ByKey:
    """Items by what they are; the second of the same kind has number 1."""
    seen: Counter[tuple[Any, ...]] = Counter()
    found = {}
    for item in (invoice or {}).get("items", ()):
        key = tuple(item[name] for name in _KEY)
        found[key, seen[key]] = {name: value for name, value in item.items() if name not in _KEY}
        seen[key] += 1
    return found


def _own(invoice: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return None if invoice is None else {name: invoice[name] for name in _OWN if name in invoice}


def _changed(
    what: str, of: Mapping[str, Any], before: Mapping[str, Any] | None, now: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    """Of what is in both, what differs alone."""
    if before is not None and now is not None:
        names = [name for name in dict.fromkeys([*before, *now]) if before.get(name) != now.get(name)]
        before, now = ({name: one.get(name) for name in names} for one in (before, now))
    return _change(what, of, before, now)


def _change(
    what: str, of: Mapping[str, Any], before: Mapping[str, Any] | None, now: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    change = "added" if before is None else "removed" if now is None else "changed"
    return {"what": what, "change": change, **of, "before": before, "now": now}


def _invoice(decision: Decision, one: NewInvoice) -> Mapping[str, Any]:
    result, made = decision.priced[one.stream.id].result, one.made
    shown: dict[str, Any] = {
        "customer": made.customer,
        "reference": made.reference,
        "from": one.created.period_from.isoformat(),
        "to": one.created.period_to.isoformat(),
    }
    if isinstance(result, Failure):
        return shown | {"failure": [result.code, result.product, result.rule]}
    sources = sources_of(decision.prepared.plan.items.get(made.customer, ()))
    items = [_item(item, sources) for item in result.items]
    return shown | {"items": items, "total": fixed(result.revenue_total, result.currency)}


Sources = Mapping[tuple[str | None, str, Any], Sequence[LineItem]]


def sources_of(items: Sequence[LineItem]) -> Sources:
    """What a customer's items are made of, by line, kind and cycle."""
    found: dict[tuple[str | None, str, Any], list[LineItem]] = defaultdict(list)
    for one in items:
        found[one.line, one.kind, one.cycle].append(one)
    return found


def _item(item: Item, sources: Sources) -> Mapping[str, Any]:
    made_of = sources.get((item.contract_line, item.kind, item.cycle), ())
    return {
        "kind": item.kind,
        "line": item.contract_line,
        "cycle": item.cycle and item.cycle.isoformat(),
        "product": item.product,
        "subscription": item.subscription,
        "late_period": item.late_period and item.late_period.isoformat(),
        "quantity": None if item.quantity is None else plain(item.quantity),
        "amount": fixed(item.amount, item.currency),
        "exact": plain(item.exact),
        "cost": None if item.cost is None else plain(item.cost),
        "lines": item.lines,
        "rule": None if item.contract_line else [item.rule, item.rule_version],
        "made_of": [text for one in made_of for text in _made_of(one)],
    }


def _made_of(one: LineItem) -> Iterator[str]:
    for part in one.segments:
        yield f"{part.first} to {part.last}: {plain(part.quantity)} x {plain(part.price)}"
    for stone in one.milestones:
        yield f"{stone.name}, {stone.day}: {plain(stone.amount)}"
    if one.transactions:
        yield f"{one.transactions} transactions"
    if one.again is not None:
        yield f"again for {one.again.named_by}"


def _taken(one: TransactionsTaken) -> Mapping[str, Any]:
    ranges = [[span.first, span.last] for span in one.ranges]
    return {"year": one.year, "ranges": ranges, "count": one.count}
