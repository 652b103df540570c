"""What a caller may do with a provider invoice now, and the code of the rule that refuses the rest."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from domain.permissions import allowed as role_allows
from domain.provider_invoice import changes, lifecycle, populate
from domain.provider_invoice.state import ProviderInvoice
from domain.rejected import Rejected


@dataclass(frozen=True, slots=True)
class Action:
    """`action` is the verb of the path; `code` says which rule refuses it, None when it is allowed."""

    action: str
    allowed: bool
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What the offers of the attempt say, as far as actions depend on it; `adjusted`: an adjustment of it stands."""

    invoiced: bool = False
    released: bool = False
    adjusted: bool = False


NOTHING_USED: Final = Usage()
"""Of an invoice whose usage is as it was offered, or that offers none."""


def available_actions(invoice: ProviderInvoice, usage: Usage, roles: Collection[str]) -> list[Action]:
    """Every verb with whether this caller may use it now. A role that is too small is named first."""
    found = []
    for action, (permission, refused) in _RULES.items():
        code = refused(invoice, usage) if role_allows(permission, roles) else "role-too-small"
        found.append(Action(action, code is None, code))
    return found


def _activate(invoice: ProviderInvoice, _: Usage) -> str | None:
    try:
        lifecycle.expect_activatable(invoice)
    except Rejected as refused:
        return refused.code
    return "provider-invoice-active" if invoice.status == "active" else None


def _sync(invoice: ProviderInvoice, _: Usage) -> str | None:
    if invoice.source == "manual":  # a deleted one could be synced if its provider has a connection by now
        return "provider-invoice-manual"
    try:
        plan = lifecycle.plan_sync(invoice, manual=True)
    except Rejected as refused:
        return refused.code
    return "import-running" if plan == "leave" else None


def _deactivate(invoice: ProviderInvoice, usage: Usage) -> str | None:
    if invoice.status != "active":
        return "not-active"
    return _held(usage)


def _delete(invoice: ProviderInvoice, usage: Usage) -> str | None:
    if invoice.status == "deleted":
        return "provider-invoice-deleted"
    if invoice.status == "populating" and invoice.source == "automatic":
        return "import-running"
    return _held(usage)


def _held(usage: Usage) -> str | None:
    """Why an invoice can't be taken out."""
    if usage.adjusted:
        return "has-adjustments"
    return "lines-invoiced" if usage.invoiced else None


def _refusal(rule: Callable[[ProviderInvoice], object]) -> Callable[[ProviderInvoice, Usage], str | None]:
    def refused(invoice: ProviderInvoice, _: Usage) -> str | None:
        try:
            rule(invoice)
        except Rejected as no:
            return no.code
        return None

    return refused


def _release(_: ProviderInvoice, usage: Usage) -> str | None:
    return None if usage.invoiced else "lines-not-invoiced"


def _reoffer(_: ProviderInvoice, usage: Usage) -> str | None:
    return None if usage.released else "lines-not-released"


def _acknowledge(invoice: ProviderInvoice, _: Usage) -> str | None:
    return None if invoice.open_change else "no-open-change"


def _cancel(invoice: ProviderInvoice, _: Usage) -> str | None:
    return None if invoice.status == "populating" else "not-populating"


_by_hand = _refusal(populate.expect_manual_and_open)
_RULES: Final[dict[str, tuple[str, Callable[[ProviderInvoice, Usage], str | None]]]] = {
    "sync": ("provider.sync", _sync),
    "correct": ("provider-invoice.correct", _by_hand),
    "lines": ("provider-invoice.lines", _by_hand),
    "activate": ("provider-invoice.activate", _activate),
    "deactivate": ("provider-invoice.deactivate", _deactivate),
    "delete": ("provider-invoice.delete", _delete),
    "release": ("provider-invoice.release", _release),
    "reoffer": ("provider-invoice.reoffer", _reoffer),
    "acknowledge-change": ("provider-invoice.acknowledge-change", _acknowledge),
    "adjust": ("provider-invoice.adjust", _refusal(changes.expect_adjustable)),
    "cancel": ("provider-invoice.cancel", _cancel),
}
