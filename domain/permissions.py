"""Who may do what: action -> roles, in one place. Source: the table of the domain's rules.

Actions are named `resource.verb`. `admin` does not include `approver`: who sets prices does not approve invoices.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final, Literal

from domain.rejected import Rejected

Role = Literal["viewer", "operator", "approver", "auditor", "admin"]

_EVERYBODY: Final = frozenset[Role]({"viewer", "operator", "approver", "auditor", "admin"})
_HISTORIES: Final = frozenset[Role]({"operator", "approver", "auditor", "admin"})
_AUDIT: Final = frozenset[Role]({"auditor", "admin"})
_OPERATE: Final = frozenset[Role]({"operator", "admin"})
_COMMENT: Final = frozenset[Role]({"operator", "approver", "admin"})
_APPROVE: Final = frozenset[Role]({"approver"})
_ADMIN: Final = frozenset[Role]({"admin"})

ACTIONS: Final[Mapping[str, frozenset[Role]]] = MappingProxyType(
    {
        # Lists, single resources, previews, operations.
        "read": _EVERYBODY,
        # The history of what one may read.
        "history.read": _HISTORIES,
        # All events, states as they were, exports, reports.
        "events.read": _AUDIT,
        "as-of.read": _AUDIT,
        "exports.read": _AUDIT,
        "reports.read": _AUDIT,
        # The daily work on provider invoices.
        **dict.fromkeys(
            (
                "provider.sync",
                "provider-invoice.create",
                "provider-invoice.correct",
                "provider-invoice.lines",
                "provider-invoice.activate",
                "provider-invoice.cancel",
                "provider-invoice.acknowledge-change",
                "provider-invoice.adjust",
                "operation.cancel",
            ),
            _OPERATE,
        ),
        # What waives or undoes; each asks for a reason.
        **dict.fromkeys(
            (
                "provider-invoice.override-checksum",
                "provider-invoice.release",
                "provider-invoice.reoffer",
                "provider-invoice.deactivate",
                "provider-invoice.delete",
            ),
            _OPERATE,
        ),
        "purchase.post": _OPERATE,
        "purchase.cancel": _OPERATE,
        "purchase.reroute": _OPERATE,
        "billing-contract.change": _OPERATE,
        "billing-contract.generate": _OPERATE,
        "invoice-run.start": _OPERATE,
        "customer-invoice.create": _OPERATE,
        "customer-invoice.recalculate": _OPERATE,
        "customer-invoice.request-approval": _OPERATE,
        "customer-invoice.withdraw": _OPERATE,
        "customer-invoice.transform": _OPERATE,
        "customer-invoice.task": _OPERATE,
        "customer-invoice.delete": _OPERATE,
        "customer-invoice.comment": _COMMENT,
        "customer-invoice.approve": _APPROVE,
        "customer-invoice.reject": _APPROVE,
        "customer-invoice.close": _APPROVE,
        # Reference data, keys, jobs, the test clock.
        "reference.save": _ADMIN,
        "reference.retire": _ADMIN,
        "reference.erase": _ADMIN,
        "key.create": _ADMIN,
        "key.revoke": _ADMIN,
        "key.read": _ADMIN,
        "job.change": _ADMIN,
        "job.start": _ADMIN,
        "clock.set": _ADMIN,
    }
)


def allowed(action: str, roles: Collection[str]) -> bool:
    """Whether one of the roles is enough; KeyError for an action that the table does not name."""
    return not ACTIONS[action].isdisjoint(roles)


def require(action: str, roles: Collection[str]) -> None:
    """Rejected `role-too-small` unless one of the roles is enough."""
    if not allowed(action, roles):
        needed = " or ".join(sorted(ACTIONS[action]))
        raise Rejected(
            "role-too-small",
            f"{action} needs the role {needed}; this key has {', '.join(sorted(roles)) or 'none'}.",
            kind="forbidden",
            facts={"action": action, "needs": sorted(ACTIONS[action])},
        )
