"""Short ways to say: given this file."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from adapters.provider_files.reader import ArrowProviderFileReader
from adapters.provider_files.reading import FileReading
from commands.ports.provider_files import Chunk, FileRejected, FileReport

SAMPLE = Path(__file__).resolve().parents[4] / "shared" / "data" / "focus_1.0_sample.csv"
READER = ArrowProviderFileReader()
FOCUS_COLUMNS = (
    "BilledCost",
    "BillingAccountId",
    "BillingCurrency",
    "ChargeCategory",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ServiceName",
    "SubAccountId",
    "Tags",
)


@dataclass(frozen=True)
class Given:
    """A file whose bytes stand in the test."""

    content: bytes
    path: str = "given.csv"
    sha256: str | None = None

    def open(self) -> BinaryIO:
        return io.BytesIO(self.content)


def focus(*rows: dict[str, str], **of_all: str) -> bytes:
    """A small FOCUS 1.0 file; each row says what differs from a usual line."""
    usual = {
        "BilledCost": "1.50",
        "BillingAccountId": "acc",
        "BillingCurrency": "EUR",
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": "2026-03-01",
        "ChargePeriodEnd": "2026-03-02",
        "ServiceName": "Compute",
        "SubAccountId": "cust-1",
    }
    lines = [",".join(FOCUS_COLUMNS)]
    lines += [",".join({**usual, **of_all, **row}.get(name, "") for name in FOCUS_COLUMNS) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def reading(content: bytes, **options: object) -> FileReading:
    return READER.read(Given(content), **options)


def chunks(content: bytes, **options: object) -> list[Chunk]:
    return list(reading(content, **options))


def rows(content: bytes, **options: object) -> list[list[str]]:
    """The canonical rows, split into cells: None and empty text look the same here."""
    text = b"".join(chunk.copy_csv for chunk in chunks(content, **options)).decode()
    return list(csv.reader(io.StringIO(text, newline="")))


def report(content: bytes, **options: object) -> FileReport:
    one = reading(content, **options)
    list(one)
    return one.report()


def rejection(content: bytes, **options: object) -> FileRejected:
    try:
        list(reading(content, **options))
    except FileRejected as error:
        return error
    raise AssertionError("the file was accepted")
