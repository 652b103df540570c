"""Lists of invoices: JSON and CSV of one shape, and what is said about wrong ones."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.provider_files.connection import ManifestConnection
from adapters.provider_files.manifest import parse_list
from adapters.provider_files.raw_files import RawFileStore
from adapters.provider_files.source import AllowedPlaces, FileSources
from commands.ports.provider_files import ListNotFetched, OfferedFile
from tests.adapters.provider_files.given import READER, focus

ENTRY = {
    "number": " R-1 ",
    "date": "2026-03-31",
    "period_from": "2026-03-01",
    "period_to": "2026-03-31",
    "currency": "EUR",
    "total": "1.50",
    "revision": 3,
    "files": [
        {"path": "a.csv", "format": "focus-1.0", "role": "usage", "split": {"by": "SubAccountId", "value": "cust-1"}}
    ],
}


@pytest.fixture
def connect(tmp_path: Path):
    sources = FileSources(AllowedPlaces(roots=[tmp_path]), RawFileStore(tmp_path / "raw"))

    def make(content: bytes | None, name: str = "manifest.json") -> ManifestConnection:
        if content is not None:
            (tmp_path / name).write_bytes(content)
        return ManifestConnection(sources, str(tmp_path / name))

    return make


def test_json_and_csv_say_the_same(connect):
    csv = (
        "number,date,period_from,period_to,currency,total,revision,path,role,format,split_by,split_value\n"
        "R-1,2026-03-31,2026-03-01,2026-03-31,EUR,1.50,3,a.csv,usage,focus-1.0,SubAccountId,cust-1\n"
    )
    (listed,) = connect(json.dumps({"invoices": [ENTRY]}).encode()).list_invoices()
    assert connect(json.dumps([ENTRY]).encode()).list_invoices() == [listed]
    assert connect(csv.encode(), "list.csv").list_invoices() == [listed]
    assert (listed.number, listed.date, listed.total, listed.revision) == (
        "R-1",
        dt.date(2026, 3, 31),
        Decimal("1.50"),
        "3",
    )
    assert listed.tax_included
    assert listed.files == (OfferedFile("a.csv", "usage", "focus-1.0", {"SubAccountId": ("cust-1",)}),)


def test_a_json_total_is_taken_by_its_digits(connect):
    body = json.dumps([ENTRY]).replace('"1.50"', "1234567890123456.17").encode()
    assert connect(body).list_invoices()[0].total == Decimal("1234567890123456.17")


def test_one_invoice_with_several_files_in_csv(connect):
    rows = "number,date,period_from,period_to,currency,total,path,role\n" + "".join(
        f"R-1,2026-03-31,2026-03-01,2026-03-31,EUR,1,{role}.csv,{role}\n" for role in ("licence", "usage")
    )
    (listed,) = connect(rows.encode(), "list.csv").list_invoices()
    assert [file.role for file in listed.files] == ["licence", "usage"]


def test_a_file_is_fetched_and_read_with_its_mapping(connect, tmp_path):
    (tmp_path / "own.toml").write_text('extends = "focus-1.0"\nname = "own"\n[attributes]\ndrop = ["Tags"]\n')
    (tmp_path / "a.csv").write_bytes(focus({}, {"SubAccountId": "other"}))
    connection = connect(json.dumps([{**ENTRY, "files": [{"path": "a.csv", "mapping": "own.toml"}]}]).encode())
    (file,) = connection.list_invoices()[0].files
    stored = connection.open(file)
    reading = READER.read(stored, mapping=file.mapping, role=file.role)
    assert [chunk.rows for chunk in reading] == [2]
    assert (reading.report().format, reading.report().path, reading.report().sha256) == ("own", "a.csv", stored.sha256)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "no valid JSON"),
        (b"\xff", "not UTF-8"),
        (b"3", "input should be"),
        (json.dumps([{**ENTRY, "colour": 1}]).encode(), "invoices.0.colour"),
        (json.dumps([{**ENTRY, "total": "1e"}]).encode(), "invoices.0.total"),
        (json.dumps([{**ENTRY, "total": "0.0000000000000001"}]).encode(), "invoices.0.total"),
        (json.dumps([ENTRY]).replace('"1.50"', "NaN").encode(), "no valid JSON"),
        (json.dumps([{**ENTRY, "currency": "euro"}]).encode(), "invoices.0.currency"),
        (json.dumps([{**ENTRY, "period_to": "2026-02-01"}]).encode(), "period_to is before"),
        (json.dumps([{**ENTRY, "number": "  "}]).encode(), "invoices.0.number"),
        (json.dumps([ENTRY, {**ENTRY, "number": "R-1"}]).encode(), "R-1 more than once"),
        (json.dumps([{**ENTRY, "files": [{"path": "a", "format": "x", "mapping": "y"}]}]).encode(), "not both"),
        (json.dumps([{**ENTRY, "files": [{"path": "a", "format": "focus-9"}]}]).encode(), "no format 'focus-9'"),
        (json.dumps([{**ENTRY, "files": [{"path": "a", "mapping": "missing.toml"}]}]).encode(), "does not exist"),
        (json.dumps([{**ENTRY, "files": [{"path": "a", "mapping": {"name": "own"}}]}]).encode(), "columns"),
        (b"[" * 100_000, "no valid JSON"),
    ],
)
def test_a_wrong_list_says_what_is_wrong(connect, body, why):
    with pytest.raises(ListNotFetched) as error:
        connect(body).list_invoices()
    assert error.value.message.startswith("The list could not be read: ")
    assert why in error.value.message


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("number,colour\nR-1,red\n", "colour"),
        ("number,date\nR-1\n", "row 1 does not fit"),
        ("number,date,path\nR-1,2026-03-31,a\nR-1,2026-03-30,b\n", "row 2 says other things"),
        ("number,path\n,a\n", "invoices.0.number"),
    ],
)
def test_a_wrong_csv_list(body, why):
    with pytest.raises(ListNotFetched, match="could not be read") as error:
        parse_list(body.encode(), shape="csv")
    assert why in error.value.message


def test_a_list_that_cannot_be_fetched(connect):
    with pytest.raises(ListNotFetched) as error:
        connect(None).list_invoices()
    assert error.value.message.startswith("The list could not be fetched: ")
