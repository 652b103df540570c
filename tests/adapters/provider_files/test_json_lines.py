"""Lines by hand: a JSON list or NDJSON, streamed in pieces of any size."""

import csv
import json
from decimal import Decimal

import pytest

from commands.ports.provider_files import Expect, FileRejected, Limits
from tests.adapters.provider_files.given import READER

LINE = {
    "kind": "usage",
    "customer": "c",
    "product": "p",
    "charge_from": "2026-03-01",
    "quantity": "1",
    "amount": "2.50",
    "currency": "EUR",
}


def read(body: bytes, media: str, step: int = 7, **options):
    pieces = [body[index : index + step] for index in range(0, len(body), step)]
    return list(READER.read_upload(pieces, name="lines", media=media, **options))


def refused(body: bytes, media: str = "json", **options) -> FileRejected:
    with pytest.raises(FileRejected) as error:
        read(body, media, **options)
    return error.value


def as_list(*lines: object) -> bytes:
    return json.dumps(lines, indent=1).encode()


def as_ndjson(*lines: object) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_list_ndjson_and_csv_give_the_same_chunk(step):
    lines = [
        LINE,
        {**LINE, "kind": "licence", "amount": "-1e-7", "charge_to": "2026-03-31", "unit_price": 0.1, "tax": 3},
    ]
    (listed,) = read(as_list(*lines), "json", step)
    (streamed,) = read(as_ndjson(*lines), "ndjson", step)
    header = "kind,customer,product,charge_from,charge_to,quantity,unit_price,amount,tax,currency\n"
    table = header + "usage,c,p,2026-03-01,,1,,2.50,,EUR\nlicence,c,p,2026-03-01,2026-03-31,1,0.1,-1e-7,3,EUR\n"
    (tabled,) = read(table.encode(), "csv", step)
    assert listed == streamed == tabled
    assert listed.sums["licence"].amount == Decimal("-1e-7")


def test_a_json_number_is_taken_by_its_digits():
    body = b'[{"kind":"usage","charge_from":"2026-03-01","quantity":1,"amount":0.100000000000001,"currency":"EUR","customer":"c","product":"p"}]'
    (chunk,) = read(body, "json")
    assert chunk.sums["usage"].amount == Decimal("0.100000000000001")


def test_attributes_are_kept_as_flat_text():
    odd = 'a "b" \\ \n \u00e9 \ud83d\ude00'.encode("utf-16", "surrogatepass").decode("utf-16")
    (chunk,) = read(as_ndjson({**LINE, "attributes": {"note": odd, "n": 1.50, "yes": True, "none": None}}), "ndjson")
    row = next(csv.reader([chunk.copy_csv.decode()]))
    assert json.loads(row[14]) == {"note": odd, "n": "1.5", "yes": "true"}


def test_numbers_are_given_or_counted_and_the_base_is_added():
    (chunk,) = read(as_list({**LINE, "number": 7}, {**LINE, "number": "9"}), "json", base=100)
    assert [line.split(b",")[0] for line in chunk.copy_csv.splitlines()] == [b"107", b"109"]


def test_line_numbers_rise_so_that_digests_can_be_recomputed_in_order():
    error = refused(as_list({**LINE, "number": 9}, {**LINE, "number": 7}), "json")
    assert (error.code, error.line) == ("line-number-falls", 7)


@pytest.mark.parametrize("media", ["json", "ndjson"])
def test_a_line_number_twice_is_named_even_far_apart(media):
    lines = [{**LINE, "number": number} for number in [*range(1, 6_000), 17]]
    body = as_list(*lines) if media == "json" else as_ndjson(*lines)
    error = refused(body, media, step=100_000)
    assert (error.code, error.line) == ("line-number-twice", 17)
    assert "17" in error.message


@pytest.mark.parametrize(
    ("body", "code", "why"),
    [
        (b"", "line-invalid", "must be a JSON list"),
        (b'{"lines": []}', "line-invalid", "must be a JSON list"),
        (b"[1]", "line-invalid", "not a JSON object"),
        (as_list({**LINE, "colour": "red"}), "line-invalid", "unknown fields: colour"),
        (as_list({**LINE, "amount": None}), "line-invalid", "lacks amount"),
        (as_list({**LINE, "amount": True}), "line-invalid", "no valid amount"),
        (as_list({**LINE, "amount": [1]}), "line-invalid", "no valid amount"),
        (as_list({**LINE, "customer": 12}), "line-invalid", "no valid customer"),
        (as_list({**LINE, "attributes": {"a": {"b": 1}}}), "line-invalid", "nested"),
        (as_list({**LINE, "attributes": "x"}), "line-invalid", "no JSON object"),
        (as_list({**LINE, "attributes": {"a": "\x00"}}), "line-invalid", "NUL"),
        (as_list({**LINE, "customer": "\x00"}), "nul-character", "NUL"),
        (b'[{"amount": NaN}]', "line-invalid", "no valid JSON"),
        (as_list(LINE)[:-1], "line-invalid", "cut off"),
        (as_list(LINE)[:-20], "line-invalid", "no valid JSON"),
        (as_list(LINE) + b"x", "line-invalid", "behind the end"),
        (as_list(LINE).replace(b"usage", b"us\xffage"), "encoding", "not UTF-8"),
        (as_list({**LINE, "amount": "1.0000000000000001"}), "not-a-number", "15 decimal places"),
        (as_list({**LINE, "amount": "many"}), "not-a-number", "not a number"),
        (as_list({**LINE, "kind": "seat"}), "line-unclassified", "seat"),
        (as_list({**LINE, "number": 0}), "not-a-number", "line number"),
        (as_list({**LINE, "currency": None}), "currency-missing", "no currency"),
        (as_list(LINE, {**LINE, "customer": "\ud800"}), "line-invalid", "line 2 holds half of a surrogate pair"),
        (as_list({**LINE, "attributes": {"a": "\udfff"}}), "line-invalid", "line 1 holds half of a surrogate pair"),
        (as_list({**LINE, "\ud800": "x"}), "line-invalid", "unknown fields"),
        (b"[" * 100_000, "line-invalid", "valid JSON"),
    ],
)
def test_bad_bodies(body, code, why):
    error = refused(body, step=50)
    assert error.code == code
    assert why in error.message
    assert error.message.encode()


def test_ndjson_names_the_line():
    error = refused(as_ndjson(LINE, LINE) + b"{oops}\n", "ndjson")
    assert (error.code, error.line) == ("line-invalid", 3)
    assert refused(b"x" * 5_000, "ndjson", limits=Limits(max_row_bytes=1_000)).code == "line-invalid"


def test_empty_bodies_and_the_callers_currency():
    assert read(b"[]", "json") == []
    assert read(b"\n\n", "ndjson") == []
    (chunk,) = read(as_list({**LINE, "currency": None}), "json", expect=Expect(currency="JPY"))
    assert chunk.currencies == {"JPY"}
