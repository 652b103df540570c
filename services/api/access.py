"""What a route needs of its caller, said beside the route."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from domain.permissions import ACTIONS

F = TypeVar("F", bound=Callable[..., Any])
_MARK = "__access__"


@dataclass(frozen=True, slots=True)
class Access:
    """`action` of the table of permissions; None: no key is needed. `body_limit` None: the usual one."""

    action: str | None
    bulk_body: bool = False


def may(action: str, *, bulk_body: bool = False) -> Callable[[F], F]:
    """Only callers whose roles allow the action get here. `bulk_body`: the limit of bulk bodies counts."""
    if action not in ACTIONS:
        raise KeyError(action)
    return _marked(Access(action, bulk_body))


def public(endpoint: F) -> F:
    """No key is needed: it tells nothing about anybody."""
    return _marked(Access(None))(endpoint)


def access_of(endpoint: Callable[..., Any]) -> Access:
    """What was said; every route must say something."""
    access = getattr(endpoint, _MARK, None)
    if not isinstance(access, Access):
        raise TypeError(f"{endpoint.__module__}.{endpoint.__name__} must say who may call it: @may(action) or @public")
    return access


def _marked(access: Access) -> Callable[[F], F]:
    def mark(endpoint: F) -> F:
        setattr(endpoint, _MARK, access)
        return endpoint

    return mark
