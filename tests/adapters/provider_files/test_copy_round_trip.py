"""The canonical bytes go into PostgreSQL and come out again the same: so a digest can be checked there."""

import hashlib
from pathlib import Path

import psycopg
import pytest

from adapters.provider_files.reader import LocalFile
from commands.ports.provider_files import COPY_COLUMNS, COPY_FORCE_QUOTE, COPY_NUMERIC
from services.demo.generator.million import million_focus
from tests.adapters.provider_files.given import READER, SAMPLE, chunks, focus

ODD = [
    '"say ""hi"""',
    '"a,b"',
    '"two\nlines"',
    "back\\slash",
    "tab\tbed",
    "\\.",
    "\\N",
    "é\U0001f600",
    '"\x01"',
    '"\r\n"',
]


def copied(url: str, content: bytes, first: str = "") -> bytes:
    """What a table of the port's columns gives back; `first` is a column before them, which is not given back."""
    columns = ", ".join([first, *(f"{name} {kind}" for name, kind in COPY_COLUMNS)]).removeprefix(", ")
    given = ", ".join(f"trim_scale({name}) AS {name}" if name in COPY_NUMERIC else name for name, _ in COPY_COLUMNS)
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE line ({columns})".encode())
        with cursor.copy("COPY line FROM STDIN (FORMAT csv)") as into:
            into.write(content)
        query = f"COPY (SELECT {given} FROM line ORDER BY number) TO STDOUT (FORMAT csv, FORCE_QUOTE ({', '.join(COPY_FORCE_QUOTE)}))"
        with cursor.copy(query.encode()) as out:
            return b"".join(bytes(block) for block in out)


def test_every_odd_text_survives(empty_database):
    content = focus(
        *[{"Tags": text, "SubAccountId": text.translate(dict.fromkeys(range(32)))} for text in ODD],
        {"SubAccountId": "NULL", "BillingAccountId": ""},
        {"BilledCost": "1e-15"},
        {"BilledCost": "-0.000000100000000"},
        {"BilledCost": "12345678901234567890123.000000000000001"},
        {"ChargeCategory": "Purchase", "ChargeFrequency": "Recurring", "ChargePeriodEnd": "2027-01-01"},
    )
    (chunk,) = chunks(content)
    back = copied(empty_database, chunk.copy_csv)
    assert back == chunk.copy_csv
    assert hashlib.sha256(back).hexdigest() == chunk.digest


def test_the_prefix_is_a_column_of_its_own(empty_database):
    content = focus({}, {"Tags": '"two\nlines"'})
    (plain,), (chunk,) = chunks(content), chunks(content, prefix=b"42,")
    assert copied(empty_database, chunk.copy_csv, first="population bigint") == plain.copy_csv


def test_attributes_are_json_to_postgresql(empty_database):
    (chunk,) = chunks(focus(*[{"Tags": text} for text in ODD]))
    with psycopg.connect(empty_database) as connection, connection.cursor() as cursor:
        columns = ", ".join(f"{name} {kind}" for name, kind in COPY_COLUMNS)
        cursor.execute(f"CREATE TEMP TABLE line ({columns})".encode())
        with cursor.copy("COPY line FROM STDIN (FORMAT csv)") as into:
            into.write(chunk.copy_csv)
        cursor.execute("SELECT attributes::jsonb ->> 'Tags' FROM line ORDER BY number")
        found = [row[0] for row in cursor.fetchall()]
    assert found[:3] == ['say "hi"', "a,b", "two\nlines"]
    assert len(found) == len(ODD)


@pytest.mark.skipif(not SAMPLE.exists(), reason="the FOCUS sample is not beside the checkout")
def test_the_focus_sample(empty_database):
    (chunk,) = READER.read(LocalFile(SAMPLE), mapping={"extends": "focus-1.0", "identity": []})
    assert copied(empty_database, chunk.copy_csv) == chunk.copy_csv


def test_a_generated_chunk(empty_database, tmp_path: Path):
    million_focus(tmp_path / "some.csv", 10_000, seed=5, width="wide")
    (chunk,) = READER.read(LocalFile(tmp_path / "some.csv"))
    assert copied(empty_database, chunk.copy_csv) == chunk.copy_csv
