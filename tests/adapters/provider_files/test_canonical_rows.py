"""What a line becomes: numbers, dates, nulls, attributes; and how quotes and newlines are read."""

import hashlib
import json

import pytest

from commands.ports.provider_files import Limits
from tests.adapters.provider_files.given import READER, Given, chunks, focus, reading, report, rows


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("1.50", "1.5"),
        ("100", "100"),
        ("100.00", "100"),
        ("0.00000080000", "0.0000008"),
        ("0", "0"),
        ("-0.00", "0"),
        ("+7", "7"),
        (".25", "0.25"),
        ("-.25", "-0.25"),
        ("5.", "5"),
        ("007.10", "7.1"),
        ("1.5E-7", "0.00000015"),
        ("1e3", "1000"),
        ("0.0000000000000000000", "0"),
        ("-12345678901234567890123.123456789012345", "-12345678901234567890123.123456789012345"),
    ],
)
def test_a_number_has_one_text(written, canonical):
    assert rows(focus({"BilledCost": written}))[0][11] == canonical
    mixed = rows(focus({}, {"BilledCost": written}, {"BilledCost": "-3.20"}))
    assert [row[11] for row in mixed] == ["1.5", canonical, "-3.2"]


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2026-03-01", "2026-04-01", ("2026-03-01", "2026-03-31")),
        ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", ("2026-03-01", "2026-03-01")),
        ("2026-03-01 23:00:00", "2026-03-02 00:00:00", ("2026-03-01", "2026-03-01")),
        ("2026-03-01 22:00:00", "2026-03-01 23:00:00", ("2026-03-01", "2026-03-01")),
        ("2026-03-01T22:00:00.000+05:00", "2026-03-02T01:00:00.000+05:00", ("2026-03-01", "2026-03-02")),
        ("3/1/2026", "3/15/2026", ("2026-03-01", "2026-03-14")),
        ("3/1/2026 12:00:00 AM", "3/2/2026 12:00:00 AM", ("2026-03-01", "2026-03-01")),
        ("2026-03-01", "2026-03-01", ("2026-03-01", "2026-03-01")),
        ("2026-03-01", "NULL", ("2026-03-01", "2026-03-01")),
    ],
)
def test_dates_are_taken_as_written_and_an_exclusive_end_is_the_day_before(start, end, days):
    usual = {"ChargePeriodStart": "2026-03-07", "ChargePeriodEnd": "2026-03-08"}
    one = rows(focus({"ChargePeriodStart": start, "ChargePeriodEnd": end}))[0]
    many = rows(focus(usual, {"ChargePeriodStart": start, "ChargePeriodEnd": end}, usual))
    assert (one[6], one[7]) == days
    assert [(row[6], row[7]) for row in many] == [("2026-03-07", "2026-03-07"), days, ("2026-03-07", "2026-03-07")]


def test_a_time_of_day_is_kept_among_the_attributes():
    found = rows(focus({"ChargePeriodStart": "2026-03-01 22:00:00", "ChargePeriodEnd": "2026-03-02 00:00:00"}, {}))
    assert json.loads(found[0][14])["ChargePeriodStart"] == "2026-03-01 22:00:00"
    assert "ChargePeriodEnd" not in json.loads(found[0][14])
    assert "ChargePeriodStart" not in json.loads(found[1][14])


def test_null_and_empty_are_null_quoted_or_not_and_references_are_trimmed():
    found = chunks(
        focus({"SubAccountId": '"NULL"'}, {"SubAccountId": " c 1 "}, {"SubAccountId": '"  "', "BillingAccountId": ""})
    )
    lines = found[0].copy_csv.decode().splitlines()
    assert [line.split(",")[3] for line in lines] == ['"acc"', '"c 1"', ""]


def test_attributes_are_json_whatever_is_in_them():
    odd = 'a "b" \\ c\td\ne\x01\u00e9\U0001f600'
    csv_cell = '"' + odd.replace('"', '""') + '"'
    for content in (focus({"Tags": csv_cell}), focus({}, {"Tags": csv_cell}, {"Tags": "x"})):
        tags = [json.loads(row[14]).get("Tags") for row in rows(content)]
        assert odd in tags


def test_columns_nobody_knows_become_attributes_in_the_files_order():
    content = focus({"Tags": "t"}).replace(b"Tags", b'"My ""own"" column"')
    assert list(json.loads(rows(content)[0][14]).items())[-1] == ('My "own" column', "t")


@pytest.mark.parametrize("block", [120, 400, 10**6])
def test_newlines_in_quoted_cells_and_blank_lines(block):
    content = (
        focus({"Tags": '"one\ntwo, ""three""\n"'}, {}, {"Tags": '"x\ny"'}) + b"\n\n" + focus({}).split(b"\n", 1)[1]
    )
    found = rows(content, limits=Limits(block_bytes=block))
    assert [json.loads(row[14]).get("Tags") for row in found] == ['one\ntwo, "three"\n', None, "x\ny", None]
    assert [row[0] for row in found] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("block", [120, 400, 10**6])
def test_a_stray_quote_in_an_unquoted_cell_is_text(block):
    found = rows(focus({}, {"Tags": '19" rack'}, *[{}] * 9, {"Tags": '1"'}, {}), limits=Limits(block_bytes=block))
    assert [json.loads(row[14]).get("Tags") for row in found] == [None, '19" rack', *[None] * 9, '1"', None]


def test_byte_order_mark_crlf_and_a_missing_last_newline():
    content = b"\xef\xbb\xbf" + focus({}, {"Tags": "t"}).replace(b"\n", b"\r\n")
    assert chunks(content[:-2])[0].copy_csv == chunks(focus({}, {"Tags": "t"}))[0].copy_csv


def test_a_column_empty_for_many_blocks_is_read_when_it_fills_at_last():
    usual, late = [{}] * 5_000, {"Tags": "late"}
    found = rows(focus(*usual, late, *usual), limits=Limits(block_bytes=4_000))
    tagged = [row[0] for row in found if "Tags" in json.loads(row[14])]
    assert tagged == ["5001"]


def test_numbers_start_at_the_base_and_the_prefix_is_outside_the_digest():
    (plain,) = chunks(focus({}, {}, {}), base=40)
    (chunk,) = chunks(focus({}, {}, {}), base=40, prefix=b"77,")
    assert (chunk.first_line, chunk.last_line) == (41, 43)
    assert [line[:6] for line in chunk.copy_csv.decode().splitlines()] == ["77,41,", "77,42,", "77,43,"]
    assert chunk.digest == plain.digest == hashlib.sha256(plain.copy_csv).hexdigest()
    assert b"77," not in plain.copy_csv


def test_sums_by_kind_with_tax_lines_apart():
    content = focus(
        {"BilledCost": "1"},
        {"BilledCost": "2", "ChargeCategory": "Purchase", "ChargeFrequency": "Recurring"},
        {"BilledCost": "4", "ChargeCategory": "Purchase", "ChargeFrequency": "Usage-Based"},
        {"BilledCost": "8", "ChargeCategory": "Tax", "ChargeFrequency": "Recurring"},
        {"BilledCost": "-0.5", "ChargeCategory": "Credit"},
    )
    (chunk,) = chunks(content)
    assert {key: (one.count, one.amount) for key, one in chunk.sums.items()} == {
        "usage": (3, 4.5),
        "licence": (1, 2),
        "tax": (1, 8),
    }
    assert [str(day) for day in chunk.period] == ["2026-03-01", "2026-03-01"]


def test_sums_do_not_overflow():
    huge = "99999999999999999999999.5"
    (chunk,) = chunks(focus(*[{"BilledCost": huge}] * 2_000))
    assert chunk.sums["usage"].amount == 2_000 * __import__("decimal").Decimal(huge)


def test_the_report_tells_raw_size_and_digest():
    content = focus({}, {})
    seen = report(content)
    assert (seen.bytes, seen.sha256, seen.rows) == (len(content), hashlib.sha256(content).hexdigest(), 2)
    known = READER.read(Given(content, sha256="ab" * 32))
    list(known)
    assert known.report().sha256 == "ab" * 32
    assert reading(content) is not None
