"""FOCUS as Parquet gives what the same lines give as CSV, or is refused."""

import io
import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commands.ports.provider_files import Limits
from tests.adapters.provider_files.given import chunks, focus, rejection, report, rows

LINE = {
    "BilledCost": pa.array([Decimal("1.5"), Decimal("-0.000000200000")], pa.decimal128(28, 12)),
    "BillingAccountId": pa.array(["acc", "acc"]).dictionary_encode(),
    "BillingCurrency": pa.array(["EUR", "EUR"], pa.large_string()),
    "ChargeCategory": pa.array(["Usage", "Usage"]),
    "ChargeFrequency": pa.array(["Usage-Based", "Usage-Based"]),
    "ChargePeriodEnd": pa.array([1772409600000000, 1772413200000000], pa.timestamp("us", tz="UTC")),
    "ChargePeriodStart": pa.array([1772323200000000, 1772409600000000], pa.timestamp("us", tz="UTC")),
    "ServiceName": pa.array(["Compute", "Compute"]),
    "SubAccountId": pa.array(["cust-1", "NULL"]),
    "Tags": pa.array([[("env", "prod")], None], pa.map_(pa.string(), pa.string())),
}


def parquet(**change: pa.Array) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({**LINE, **change}), out)
    return out.getvalue()


def test_every_type_becomes_the_text_that_a_csv_has():
    first, second = rows(parquet())
    assert first[1:14] == [
        "usage",
        "usage",
        "cust-1",
        "Compute",
        "",
        "2026-03-01",
        "2026-03-01",
        "",
        "",
        "",
        "1.5",
        "",
        "EUR",
    ]
    assert (second[3], second[6], second[7], second[11]) == ("acc", "2026-03-02", "2026-03-02", "-0.0000002")
    assert json.loads(json.loads(first[14])["Tags"]) == {"env": "prod"}
    assert report(parquet()).rows == 2


def test_the_same_lines_as_csv_have_the_same_digest():
    text = pa.array(["tag", None])
    content = parquet(
        BilledCost=pa.array([Decimal("1.50"), Decimal("2.00")], pa.decimal128(10, 2)),
        ChargePeriodStart=pa.array(["2026-03-01", "2026-03-01"]),
        ChargePeriodEnd=pa.array(["2026-03-02", "2026-03-02"]),
        SubAccountId=pa.array(["cust-1", "cust-1"]),
        Tags=text,
    )
    assert [one.digest for one in chunks(content)] == [
        one.digest for one in chunks(focus({"Tags": "tag"}, {"BilledCost": "2"}))
    ]


def test_binary_floating_point_is_no_money():
    error = rejection(parquet(BilledCost=pa.array([1.5, 2.5])))
    assert (error.code, error.column) == ("not-exact", "BilledCost")
    assert "export it as decimal" in error.message


def test_too_many_decimals_are_refused_and_zeros_are_none():
    wide = pa.decimal128(38, 18)
    assert chunks(parquet(BilledCost=pa.array([Decimal("1.500000000000000000"), Decimal(2)], wide)))
    error = rejection(parquet(BilledCost=pa.array([Decimal("1.000000000000000001"), Decimal(2)], wide)))
    assert (error.code, error.line) == ("not-a-number", 1)


def test_a_nul_character_is_refused():
    assert rejection(parquet(ServiceName=pa.array(["a\x00b", "c"]))).code == "nul-character"
    assert rejection(parquet(SubAccountId=pa.array(["a\x00b", "a\x00b"]))).code == "nul-character"


@pytest.mark.parametrize("keep", [200, -20])
def test_a_damaged_file(keep):
    assert rejection(parquet()[:keep]).code == "file-broken"


def test_the_unpacked_size_is_limited():
    assert rejection(parquet(), limits=Limits(max_bytes=100)).code == "file-too-large"
