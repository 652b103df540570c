"""A rule that says no."""

from collections.abc import Mapping
from typing import Any, Literal

Refusal = Literal["conflict", "invalid", "missing", "forbidden", "stale"]


class Rejected(Exception):
    """A decision refused; nothing was changed.

    `code` is stable and kebab-case (`provider-invoice-active`), `detail` is one sentence with figures that
    says what to do, `kind` is what sort of refusal it is (an HTTP edge answers 409, 422, 404, 403, 412),
    `facts` are machine-readable extras (`{"customer_invoices": [...]}`).
    """

    def __init__(
        self, code: str, detail: str, *, kind: Refusal = "conflict", facts: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.kind: Refusal = kind
        self.facts = dict(facts or {})
