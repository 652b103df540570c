"""Rows of the problem list: one an invoice that ever had a problem, open or mended."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from projections.read_model import Table


class ProblemRow(NamedTuple):
    """One provider invoice. It is a problem while `kinds` is not empty; a mended one stays, with no kind.

    `since` is when it first failed since it was last all right, over all attempts; `failing_days` are the business
    dates on which a try ended in error since then, `tries` the tries. A populating invoice that never failed has a
    row without kind: the query calls it `stuck` when nothing happened for too long.
    """

    id: str
    provider: str
    number: str
    source: str
    status_reason: str | None
    attempt: int
    kinds: tuple[str, ...]
    messages: tuple[str, ...]
    import_code: str | None
    currency: str
    total: Decimal
    missing: int | None
    difference: Decimal | None
    can_be_overridden: bool
    provider_total: Decimal | None
    provider_revision: str | None
    since: datetime | None
    tries: int
    failing_days: int
    last_failed_on: date | None
    last_event_at: datetime
    created_position: int
    version: int
    position: int


PROBLEMS: Final = Table("problem_invoices", ProblemRow)
