import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.reference.invoice_bodies import DEFAULT_PROCESS, DEFAULT_SERIES, InvoiceNumberSeriesBody


def series(pattern, **more):
    return InvoiceNumberSeriesBody(code="x", name="X", pattern=pattern, **more)


@pytest.mark.parametrize(
    ("pattern", "n", "number"),
    [
        ("A-{year}-{n:06}", 7, "A-2026-000007"),
        ("A-{year}-{n:06}", 1_234_567, "A-2026-1234567"),
        ("{n}/{year}", 7, "7/2026"),
        ("%s {n:02}%{year}", 7, "%s 07%2026"),
    ],
)
def test_numbers_are_written_by_the_pattern(pattern, n, number):
    assert series(pattern).written(n, 2026) == number


@given(
    st.sampled_from(["A-{year}-{n}", "{year}{n:03}", "{n}{year}", "{n:019}.{year}"]),
    st.lists(st.tuples(st.integers(1, 10**15), st.integers(1000, 9999)), min_size=2, max_size=2, unique=True),
)
def test_no_two_numbers_of_a_series_look_alike(pattern, several):
    one, other = (series(pattern).written(n, year) for n, year in several)
    assert one != other


def test_padding_makes_no_other_shape():
    assert series("A{n:04}", restart="never").shape == series("A{n}", restart="never").shape


def test_what_serves_where_nothing_is_set():
    assert (DEFAULT_PROCESS.steps, DEFAULT_PROCESS.four_eyes, DEFAULT_PROCESS.automatic) == ((), False, False)
    assert (DEFAULT_SERIES.written(1, 2026), DEFAULT_SERIES.restart) == ("INV-2026-000001", "yearly")
