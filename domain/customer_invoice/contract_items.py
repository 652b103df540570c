"""Items of a contract's invoice that no pricing rule makes: its lines as the billing decided them."""

from uuid import UUID

from domain.customer_invoice.events import ContractItem, ContractSource
from domain.identity import id_for
from domain.pricing.items import Item, Used


def contract_items(invoice: UUID, source: ContractSource | None, currency: str) -> tuple[Item, ...]:
    """As a calculation takes them, in the order of the contract's lines."""
    if source is None:
        return ()
    return tuple(_item(invoice, source, one, currency) for one in source.items)


def contract_used(source: ContractSource | None) -> Used | None:
    """The contract as an input of the calculation."""
    return None if source is None else Used("billing-contract", source.contract, source.version)


def contract_item_id(invoice: UUID, one: ContractItem) -> str:
    """The same for the same line, kind and cycle, or product and subscription of usage."""
    named = [one.line, one.kind, "" if one.cycle is None else one.cycle.isoformat()]
    if one.kind in ("usage", "negation") and one.cycle is None:
        named += [one.product or "", one.subscription or ""]
    return str(id_for("contract-item", str(invoice), *named))


def _item(invoice: UUID, source: ContractSource, one: ContractItem, currency: str) -> Item:
    return Item(
        id=contract_item_id(invoice, one),
        kind=one.kind,
        product=one.product,
        subscription=one.subscription,
        late_period=None,
        rule=source.contract,
        rule_version=source.version,
        currency=currency,
        quantity=None,
        unit=None,
        exact=one.amount,
        amount=one.amount,
        cost=one.cost,
        lines=0,
        lines_without_cost=0,
        contract_line=one.line,
        cycle=one.cycle,
    )
