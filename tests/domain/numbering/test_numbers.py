"""Numbers without a gap, and the proof of it."""

from datetime import date
from hashlib import sha256
from uuid import UUID

import pytest

from domain.numbering.certificate import Recount
from domain.numbering.events import NumbersAssigned
from domain.numbering.numbers import MAX_FACT_BYTES, Receiver, assigned, next_sequence, stated, year_of
from domain.reference.invoice_bodies import DEFAULT_SERIES, InvoiceNumberSeriesBody

DAY = date(2026, 3, 5)


def receivers(count, reference="R"):
    return [Receiver(UUID(int=n), f"{reference}-{n}", "C1") for n in range(count)]


def facts(first, count, **more):
    return stated("default", 2026, assigned(DEFAULT_SERIES, 2026, first, receivers(count, **more)))


def recounted(*given: NumbersAssigned) -> Recount:
    recount = Recount()
    for fact in given:
        list(recount.take(fact, DAY))
    return recount


def test_the_first_number_of_a_year_and_those_after_it() -> None:
    series = InvoiceNumberSeriesBody(code="s", name="s", pattern="A{n}-{year}", first=10)
    assert next_sequence(series, None) == 10
    numbers = assigned(series, 2026, 10, receivers(2))
    assert [n.number for n in numbers] == ["A10-2026", "A11-2026"]
    (fact,) = stated("s", 2026, numbers)
    assert (fact.first, fact.last) == (10, 11)
    assert next_sequence(series, fact) == 12


def test_what_a_year_means_to_a_series() -> None:
    assert year_of(DEFAULT_SERIES, 2026) == 2026
    never = InvoiceNumberSeriesBody(code="s", name="s", pattern="{year}/{n}", restart="never")
    assert year_of(never, 2026) is None
    assert assigned(never, 2027, 5, receivers(1))[0].number == "2027/5"


def test_long_names_make_several_facts_without_a_gap() -> None:
    found = facts(1, 500, reference="ä" * 300)
    assert len(found) > 1
    assert all(len(fact.model_dump_json().encode()) < MAX_FACT_BYTES * 1.1 for fact in found)
    assert recounted(*found).findings == []
    assert recounted(*found).count == 500


def test_a_certificate_has_first_last_count_and_digest() -> None:
    recount = recounted(*facts(1, 2))
    assert (recount.first, recount.last, recount.count, recount.sound) == (
        "INV-2026-000001", "INV-2026-000002", 2, True,
    )  # fmt: skip
    lines = "".join(f"{n},INV-2026-{n:06},{UUID(int=n - 1)},2026-03-05\n" for n in (1, 2))
    assert recount.digest == sha256(lines.encode()).hexdigest()


@pytest.mark.parametrize(
    ("given", "finding"),
    [
        ([*facts(1, 2), *facts(4, 1, reference="S")], "has the place 4, it follows 2"),
        ([*facts(1, 1), *facts(1, 1)], "was given twice"),
        ([*facts(1, 1), *facts(2, 1)], "has a second number"),
    ],
)
def test_a_gap_or_a_double_is_found(given, finding) -> None:
    assert any(finding in found for found in recounted(*given).findings)


def test_an_empty_series_is_sound() -> None:
    assert (recounted().count, recounted().first, recounted().digest) == (0, None, sha256(b"").hexdigest())
