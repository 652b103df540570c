"""Days and money, short to write."""

from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from domain.billing_contract.cycles import Frequency

D = Decimal
FREQUENCIES: tuple[Frequency, ...] = ("weekly", "monthly", "quarterly", "half-yearly", "yearly")
MONTHS = {"monthly": 1, "quarterly": 3, "half-yearly": 6, "yearly": 12}

days = st.dates(date(2019, 1, 1), date(2032, 12, 31))
late_in_the_month = st.builds(
    date, st.integers(2019, 2028), st.sampled_from([1, 3, 5, 7, 8, 10, 12]), st.integers(28, 31)
)
starts = days | late_in_the_month
frequencies = st.sampled_from(FREQUENCIES)


def d(text: str) -> date:
    return date.fromisoformat(text)
