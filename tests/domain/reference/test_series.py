"""A series counts as it began to count."""

import pytest

from domain.reference.invoice_bodies import DEFAULT_SERIES, InvoiceNumberSeriesBody
from domain.reference.series import refuse_other_restart
from domain.rejected import Rejected

YEARLY = InvoiceNumberSeriesBody(code="s", name="s", pattern="S-{year}-{n}")
NEVER = YEARLY.model_copy(update={"restart": "never"})


@pytest.mark.parametrize(
    ("before", "body"),
    [(YEARLY, NEVER), (NEVER, YEARLY), (None, DEFAULT_SERIES.model_copy(update={"restart": "never"}))],
)
def test_counting_otherwise_is_refused(before, body) -> None:
    with pytest.raises(Rejected, match="restart-fixed"):
        refuse_other_restart(before, body)


@pytest.mark.parametrize(
    ("before", "body"),
    [(None, NEVER), (YEARLY, YEARLY.model_copy(update={"name": "other"})), (None, DEFAULT_SERIES)],
)
def test_anything_else_is_not(before, body) -> None:
    refuse_other_restart(before, body)
