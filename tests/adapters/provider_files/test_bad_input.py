"""Bad files: each is one clear error that names place and value and says what to do."""

import pytest

from adapters.provider_files.reader import LocalFile
from commands.ports.provider_files import Expect, FileRejected, Limits
from tests.adapters.provider_files.given import READER, chunks, focus, rejection, rows


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("twelve", "is not a number"),
        ("NaN", "is not a number"),
        ("-Infinity", "is not a number"),
        ("1,5", "is not a number"),
        ("0x10", "is not a number"),
        ("1_000", "is not a number"),
        ("--1", "is not a number"),
        ("1e99999", "is not a number"),
        ("1.1234567890123456", "more than 15 decimal places"),
        ("1e-16", "more than 15 decimal places"),
        ("123456789012345678901234", "too large"),
        ("1e23", "too large"),
    ],
)
def test_a_cell_that_is_no_exact_number(cell, why):
    error = rejection(focus({}, {"BilledCost": f'"{cell}"'}))
    assert (error.code, error.line, error.column) == ("not-a-number", 2, "BilledCost")
    assert repr(cell) in error.message
    assert why in error.message
    assert "correct the file" in error.message


def test_41_digits_are_not_cut_silently():
    # The parser's own cast gives another number here without a word.
    error = rejection(focus({"BilledCost": "12345678901234567890123456789012345678901"}))
    assert error.code == "not-a-number"


def test_a_long_value_is_cut_to_80_characters_in_the_message():
    error = rejection(focus({"BilledCost": "x" * 500}))
    assert repr("x" * 80) in error.message


def test_the_last_of_many_lines_is_found_and_named():
    error = rejection(focus(*[{}] * 30_000, {"BilledCost": "1.5O"}), limits=Limits(block_bytes=50_000))
    assert (error.line, error.column) == (30_001, "BilledCost")


def test_one_bad_cell_at_the_end_of_a_million_lines(tmp_path):
    header, line = focus({}).splitlines(keepends=True)
    with (tmp_path / "million.csv").open("wb") as out:
        out.write(header)
        for _ in range(1_000):
            out.write(line * 1_000)
        out.write(line.replace(b"1.50", b"1.5O"))
    counted = 0
    with pytest.raises(FileRejected) as refused:  # noqa: PT012 - what came before is counted
        for chunk in READER.read(LocalFile(tmp_path / "million.csv")):
            counted += chunk.rows
    assert (refused.value.line, refused.value.column) == (1_000_001, "BilledCost")
    assert counted > 900_000


@pytest.mark.parametrize("missing", [{"BilledCost"}, {"BilledCost", "ServiceName"}])
@pytest.mark.parametrize("mapping", ["auto", "focus-1.0"])
def test_missing_columns_are_all_named_at_once(missing, mapping):
    content = focus({})
    for name in missing:
        content = content.replace(name.encode(), b"Other" + name.encode())
    error = rejection(content, mapping=mapping)
    assert error.code == "column-missing"
    assert all(name in error.message for name in missing)


def test_an_unknown_header_lists_the_known_formats():
    error = rejection(b"a,b,c\n1,2,3\n")
    assert error.code == "format-unknown"
    assert "focus-1.2" in error.message


def test_a_column_that_is_there_twice():
    error = rejection(focus({}).replace(b"Tags", b"BilledCost"))
    assert (error.code, error.column) == ("column-twice", "BilledCost")


@pytest.mark.parametrize(
    ("tail", "code", "line"),
    [
        (b"1.5,acc,EUR\n", "row-cells", 2),
        (b"1.5,acc,EUR", "file-truncated", 2),
        (b"1.5,acc,EUR,Usage,Usage-Based,2026-03-02,2026-03-01,Compute,c,a,b\n", "row-cells", 2),
        (b'1.5,acc,EUR,Usage,Usage-Based,2026-03-02,2026-03-01,Compute,c,"cut off he', "file-truncated", 2),
        (b'1.5,acc,EUR,Usage,Usage-Based,2026-03-02,2026-03-01,Compute,c,"open\n1.5,acc\n', "file-truncated", 2),
    ],
)
@pytest.mark.parametrize("block", [200, 10**6])
def test_a_file_that_ends_or_breaks_in_the_middle(tail, code, line, block):
    error = rejection(focus({}) + tail, limits=Limits(block_bytes=block))
    assert (error.code, error.line) == (code, line)


def test_blank_lines_are_not_counted_in_what_an_error_names():
    error = rejection(focus({}) + b"\n\n" + focus({}).split(b"\n", 1)[1] + b"\n1,2\n")
    assert (error.code, error.line) == ("row-cells", 3)


def test_a_header_cell_without_end():
    assert rejection(b'a,"' + b"x" * 200_000 + b"\n").code == "file-broken"


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file(content):
    assert rejection(content).code == "file-empty"


def test_a_header_alone_is_a_file_of_no_lines():
    assert chunks(focus()) == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_other_unicode_encodings_are_named(encoding):
    error = rejection(focus({}).decode().encode(encoding))
    assert error.code == "encoding"
    assert "save it as UTF-8" in error.message


def test_latin_1_names_the_line():
    error = rejection(focus({}, {}, {"Tags": "caf\xe9"}).decode().encode("latin-1"))
    assert (error.code, error.line) == ("encoding", 3)
    assert "0xe9" in error.message


def test_a_nul_character_names_the_line():
    error = rejection(focus({}, {"Tags": "a\x00b"}))
    assert (error.code, error.line) == ("nul-character", 2)


@pytest.mark.parametrize("cell", ["2026-02-30", "13/1/2026", "yesterday", "0001-01-01", "20260301"])
def test_a_cell_that_is_no_date(cell):
    error = rejection(focus({}, {"ChargePeriodStart": cell}))
    assert (error.code, error.line, error.column) == ("not-a-date", 2, "ChargePeriodStart")
    assert repr(cell) in error.message


def test_a_period_that_ends_before_it_begins():
    error = rejection(focus({}, {"ChargePeriodEnd": "2026-02-01"}))
    assert (error.code, error.line) == ("period-reversed", 2)


@pytest.mark.parametrize("column", ["BilledCost", "ChargePeriodStart"])
def test_a_cell_that_must_not_be_empty(column):
    error = rejection(focus({}, {column: "NULL"}))
    assert (error.code, error.line, error.column) == ("cell-empty", 2, column)


def test_a_currency_that_is_none_and_one_that_is_missing():
    assert rejection(focus({"BillingCurrency": "eur"})).code == "not-a-currency"
    assert rejection(focus({}, {"BillingCurrency": ""})).code == "currency-missing"
    assert rows(focus({"BillingCurrency": ""}), expect=Expect(currency="CHF"))[0][13] == "CHF"


def test_two_currencies_show_for_the_caller_to_refuse():
    (chunk,) = chunks(focus({}, {"BillingCurrency": "USD"}))
    assert chunk.currencies == {"EUR", "USD"}


def test_a_charge_that_no_rule_knows():
    error = rejection(focus({}, {"ChargeCategory": "Gift"}))
    assert (error.code, error.line) == ("line-unclassified", 2)
    assert "Gift" in error.message


def test_a_row_that_never_ends():
    content = focus({}) + b'1.5,acc,"' + b"x" * 300_000
    error = rejection(content, limits=Limits(block_bytes=10_000, max_row_bytes=50_000))
    assert error.code == "row-too-long"


def test_another_invoices_file():
    content = focus({}).replace(b"Tags", b"InvoiceId").replace(b",\n", b",INV-2\n")
    error = rejection(content, expect=Expect(invoice_number="INV-1"))
    assert error.code == "another-invoice"
    assert "INV-2" in error.message
    assert "INV-1" in error.message


def test_an_unknown_format_and_a_split_by_a_column_that_is_not_there():
    with pytest.raises(FileRejected, match="microsoft-legacy-licence") as unknown:
        READER.read_upload([b""], name="x.csv", media="csv", mapping="focus-9")
    assert unknown.value.code == "format-unknown"
    error = rejection(focus({}), expect=Expect(split={"InvoiceIssuerName": ("A",)}))
    assert (error.code, error.column) == ("column-missing", "InvoiceIssuerName")


def test_the_report_is_for_readings_that_ended():
    reading = READER.read_upload([focus({})], name="x.csv", media="csv")
    with pytest.raises(RuntimeError):
        reading.report()


def test_negative_amounts_are_legal():
    (chunk,) = chunks(focus({"BilledCost": "-0.000000000000001"}, {"BilledCost": "-2.5"}))
    assert str(chunk.sums["usage"].amount) == "-2.500000000000001"


@pytest.mark.parametrize("field", ["SubAccountId", "ServiceName"])
@pytest.mark.parametrize(("value", "why"), [("x" * 301, "more than 300 characters"), ('"a\tb"', "a tab")])
def test_a_reference_that_no_identifier_could_be_saved_as(field, value, why):
    error = rejection(focus({}, {field: value}))
    assert (error.code, error.line) == ("reference-invalid", 2)
    assert field in error.message
    assert why in error.message


def test_references_of_any_permitted_length_and_alphabet():
    (chunk,) = chunks(focus({"SubAccountId": "ä" * 300}, {"SubAccountId": '"c-1\t"', "Tags": '"a\tb"'}))
    assert "ä" * 300 in chunk.copy_csv.decode()
    assert b'"c-1",' in chunk.copy_csv


@pytest.mark.parametrize("base", [2**31 - 1, 2**31 - 2])
def test_lines_beyond_the_last_number_are_refused(base):
    error = rejection(focus({}, {}), base=base)
    assert (error.code, error.line) == ("line-number-too-large", 2**31 - base)
    assert "2,147,483,647" in error.message
