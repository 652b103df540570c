"""What a calculation makes of an invoice: facts with every item, total and input, or why it failed."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from domain.customer_invoice import calculation_events as c
from domain.customer_invoice import events as e
from domain.customer_invoice.state import CustomerInvoice
from domain.fact import Fact
from domain.pricing.items import Calculation, Failure, Item, Used, digest

HOPELESS: Final = 3
"""From so many tries of the same failure on, the message says that trying again does not help."""
MAX_INPUTS_A_FACT: Final = 1000
MAX_BYTES_A_FACT: Final = 120_000
"""Of items, roughly: no event is over 256 KiB."""
_SURELY_FIT: Final = 60
"""So many items and inputs fit into an event whatever their names are."""
_ITEM_BYTES: Final = 300
_INPUT_BYTES: Final = 40

CHANGING: Final = frozenset({"pending", "open", "error"})
"""States in which an invoice may be calculated: neither locked nor final."""


def calculate(invoice: CustomerInvoice, result: Calculation | Failure, *, position: int, cause: str) -> list[Fact]:
    """Facts of a calculation that saw all of the invoice's stream, with reference data as of `position`.

    A `pending` invoice is always told its result. One that is `open` or in `error` was only looked at again: the same
    result is no fact, another one is `changed` with its cause first. The same failure counts as another try up to the
    third, then it is no fact either. One in whose place a newer invoice is keeps what it says.
    """
    if invoice.status not in CHANGING or invoice.superseded is not None:
        return []
    if isinstance(result, Failure):
        failed = _failed(invoice, result, position)
        if invoice.status == "error" and _same(invoice.failure, result):
            return [failed] if failed.tries <= HOPELESS else []
        return [*_changed(invoice, cause), failed]
    if invoice.status == "open" and same_as_stored(invoice, result):
        return []
    return [*_changed(invoice, cause), *_calculated(invoice, result)]


def same_as_stored(invoice: CustomerInvoice, result: Calculation) -> bool:
    """Whether the last calculation said the same, to the byte, but for the position of the reference data."""
    stored = invoice.calculation
    return stored is not None and digest(replace(result, position=stored.reference_position)) == stored.digest


def used_names(used: Sequence[Used]) -> list[str]:
    """Inputs as `kind/code`."""
    return [f"{one.kind}/{one.code}" for one in used]


def _changed(invoice: CustomerInvoice, cause: str) -> list[Fact]:
    if invoice.status == "pending":
        return []
    return [e.CustomerInvoiceChanged(customer=invoice.customer, reference=invoice.reference, cause=cause)]


def _same(before: c.CalculationFailed | None, failure: Failure) -> bool:
    told = (failure.code, failure.product, failure.rule)
    return before is not None and told == (before.code, before.product, before.rule)


def _failed(invoice: CustomerInvoice, failure: Failure, position: int) -> c.CalculationFailed:
    before = invoice.last_failure
    tries = before.tries + 1 if before is not None and _same(before, failure) else 1
    message = failure.message
    if tries >= HOPELESS:
        message += f" It failed like this {tries} times: the set-up has to be mended, or support is needed."
    return c.CalculationFailed(
        customer=invoice.customer,
        reference=invoice.reference,
        calculation=invoice.calculations + 1,
        through=invoice.version,
        reference_position=position,
        code=failure.code,
        message=message,
        product=failure.product,
        rule=failure.rule,
        tries=tries,
    )


def _calculated(invoice: CustomerInvoice, result: Calculation) -> list[Fact]:
    values = [_value(item) for item in result.items]
    inputs = [_input(used) for used in result.inputs]
    if len(values) + len(inputs) <= _SURELY_FIT:
        return [_last(invoice, result, values, inputs)]
    return _in_parts(invoice, result, _parts(values), inputs)


def _in_parts(
    invoice: CustomerInvoice, result: Calculation, parts: list[list[c.ItemValue]], inputs: list[c.CalculationInput]
) -> list[Fact]:
    """More than one event has room for."""
    pages = [inputs[n : n + MAX_INPUTS_A_FACT] for n in range(0, len(inputs), MAX_INPUTS_A_FACT)] or [[]]
    items = parts.pop()
    if len(pages) > 1 or _bytes(items) + len(inputs) * _INPUT_BYTES > MAX_BYTES_A_FACT:
        parts.append(items)  # the last fact has the inputs, and no room for items
        items = []
    number, of = invoice.calculations + 1, len(parts) + len(pages)
    earlier: list[tuple[list[c.ItemValue], list[c.CalculationInput]]] = [(part, []) for part in parts]
    earlier += [([], page) for page in pages[:-1]]
    facts: list[Fact] = [
        c.ItemsCalculated(
            customer=invoice.customer,
            reference=invoice.reference,
            calculation=number,
            part=part,
            of=of,
            items=tuple(values),
            inputs=tuple(used),
        )
        for part, (values, used) in enumerate(earlier, 1)
    ]
    return [*facts, _last(invoice, result, items, pages[-1])]


def _last(
    invoice: CustomerInvoice, result: Calculation, items: Sequence[c.ItemValue], inputs: Sequence[c.CalculationInput]
) -> c.Calculated:
    return c.Calculated(
        customer=invoice.customer,
        reference=invoice.reference,
        calculation=invoice.calculations + 1,
        through=invoice.version,
        reference_position=result.position,
        currency=result.currency,
        items=tuple(items),
        item_count=len(result.items),
        revenue_total=result.revenue_total,
        cost_total=result.cost_total,
        inputs=tuple(inputs),
        digest=digest(result),
    )


def _parts(items: list[c.ItemValue]) -> list[list[c.ItemValue]]:
    """Items in parts that fit into a fact each; at least one."""
    parts: list[list[c.ItemValue]] = [[]]
    room = MAX_BYTES_A_FACT
    for item in items:
        size = _bytes([item])
        if len(parts[-1]) == c.MAX_ITEMS_A_FACT or size > room:
            parts.append([])
            room = MAX_BYTES_A_FACT
        parts[-1].append(item)
        room -= size
    return parts


def _bytes(items: Sequence[c.ItemValue]) -> int:
    names = ((item.product, item.subscription, item.rule, item.unit) for item in items)
    return sum(_ITEM_BYTES + 4 * sum(len(name) for name in four if name) for four in names)


@lru_cache(maxsize=10_000)
def _input(used: Used) -> c.CalculationInput:
    """Most invoices use the same products and rules."""
    return c.CalculationInput(kind=used.kind, code=used.code, version=used.version)


def _value(item: Item) -> c.ItemValue:
    return c.ItemValue(
        id=item.id,
        kind=item.kind,
        product=item.product,
        subscription=item.subscription,
        late_period=item.late_period,
        rule=item.rule,
        rule_version=item.rule_version,
        quantity=item.quantity,
        unit=item.unit,
        amount=item.amount,
        cost=item.cost,
        lines=item.lines,
        contract_line=item.contract_line,
        cycle=item.cycle,
        exact=None if item.exact == item.amount else item.exact,
        lines_without_cost=item.lines_without_cost,
    )
