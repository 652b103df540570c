import csv
import io
from decimal import Context, Decimal, localcontext

from hypothesis import given, settings
from hypothesis import strategies as st

from commands.ports.provider_files import Limits
from tests.adapters.provider_files import naive
from tests.adapters.provider_files.given import FOCUS_COLUMNS, chunks

# Any text but NUL and surrogates, which PostgreSQL can't keep; often the signs that need care.
TEXT = st.one_of(
    st.sampled_from(
        ["a", "NULL", "b c", " x ", 'say "hi"', "back\\slash", "a,b", "two\nlines", "tab\tbed", "é", "\x01", "\u2028"]
    ),
    st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=6),
)
REFERENCE = st.from_regex(r"[A-Za-z0-9 ]{0,4}[a-z]", fullmatch=True)


def _point(number: int, places: int) -> str:
    digits = str(abs(number)).rjust(places + 1, "0")
    return f"{'-' if number < 0 else ''}{digits[:-places]}.{digits[-places:]}"


NUMBERS = st.one_of(
    st.integers(-(10**24), 10**24).map(lambda number: _point(number, 15)),
    st.integers(-(10**11), 10**11).map(lambda number: _point(number, 2)),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(
        ["0", "0.00", "-0", "-0.0", "+1.5", ".5", "-.5", "5.", "007", "-00.50", "1e3", "1E-7", "2.5e-3", "0e5", " 1.5 "]
    ),
)
DATES = st.sampled_from(
    [
        ("2026-03-01", "2026-03-02"),
        ("2026-03-01 22:00:00", "2026-03-01 23:00:00"),
        ("2026-03-31T00:00:00", "2026-04-01T00:00:00"),
        ("2026-03-05", "2026-03-05"),
    ]
)
CATEGORIES = st.sampled_from(
    [
        ("Usage", "Usage-Based"),
        ("Purchase", "Recurring"),
        ("Purchase", "One-Time"),
        ("Purchase", "Usage-Based"),
        ("Tax", ""),
        ("Credit", ""),
    ]
)


@st.composite
def lines(draw: st.DrawFn) -> dict[str, str]:
    start, end = draw(DATES)
    category, frequency = draw(CATEGORIES)
    return {
        "BilledCost": draw(NUMBERS),
        "BillingAccountId": "acc",
        "BillingCurrency": draw(st.sampled_from(["EUR", "USD"])),
        "ChargeCategory": category,
        "ChargeFrequency": frequency,
        "ChargePeriodStart": start,
        "ChargePeriodEnd": end,
        "ServiceName": draw(REFERENCE),
        "SubAccountId": draw(st.one_of(st.just(""), st.just("NULL"), REFERENCE)),
        "Tags": draw(TEXT),
    }


def written(rows: list[dict[str, str]], quoting: int, end: str) -> str:
    out = io.StringIO(newline="")
    if any("\r" in row["Tags"] for row in rows):
        quoting = csv.QUOTE_ALL  # Python's writer does not quote a lone one by itself, and then it ends a row
    writer = csv.DictWriter(out, FOCUS_COLUMNS, quoting=quoting, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(lines(), min_size=1, max_size=6),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
    block=st.sampled_from([150, 1000, 10**6]),
    per_chunk=st.sampled_from([1, 3, 10_000]),
)
def test_the_fast_reader_equals_a_naive_one(rows, quoting, end, block, per_chunk):
    content = written(rows, quoting, end)
    with localcontext(Context(prec=100)):
        expected, total = naive.canonical(content)
        found = chunks(content.encode(), limits=Limits(block_bytes=block, rows_per_chunk=per_chunk))
        assert b"".join(chunk.copy_csv for chunk in found) == expected
        assert sum((one.amount for chunk in found for one in chunk.sums.values()), Decimal(0)) == total
    assert sum(one.count for chunk in found for one in chunk.sums.values()) == len(rows)
    assert [chunk.first_line for chunk in found] == list(range(1, len(rows) + 1, per_chunk))
