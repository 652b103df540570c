"""Generated provider files are the same for the same seed, and read with exactly the totals that were promised."""

import csv
import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.provider_files.connection import ManifestConnection
from adapters.provider_files.raw_files import RawFileStore
from adapters.provider_files.reader import ArrowProviderFileReader, LocalFile
from adapters.provider_files.source import AllowedPlaces, FileSources
from commands.ports.provider_files import Chunk, Expect, FileReport, OfferedInvoice
from domain.money import EXACT
from services.demo.generator.distributor import make_distributor
from services.demo.generator.focus import make_focus
from services.demo.generator.manifest import write_manifest
from services.demo.generator.microsoft import make_microsoft
from services.demo.generator.million import million_focus
from services.demo.generator.sample import Faults, Header, MadeInvoice, sample_customers, sample_products

HEADER = Header("R-1", dt.date(2026, 3, 31), dt.date(2026, 3, 1), dt.date(2026, 3, 31))
CUSTOMERS, PRODUCTS = sample_customers(1), sample_products(1)
MAKERS = {
    "microsoft": make_microsoft,
    "focus": make_focus,
    "focus gzip": lambda *given, **options: make_focus(*given, container="csv.gz", **options),
    "focus parquet": lambda *given, **options: make_focus(*given, container="parquet", **options),
    "distributor": make_distributor,
}
READER = ArrowProviderFileReader()


def make(maker: str, folder: Path, seed: int = 1, **options: object) -> MadeInvoice:
    folder.mkdir(exist_ok=True)
    return MAKERS[maker](folder, seed, HEADER, CUSTOMERS, PRODUCTS, **options)


def read(folder: Path, invoice: MadeInvoice) -> tuple[OfferedInvoice, list[Chunk], list[FileReport]]:
    sources = FileSources(AllowedPlaces(roots=[folder]), RawFileStore(folder / "raw"))
    connection = ManifestConnection(sources, str(write_manifest(folder, [invoice])))
    (offered,) = connection.list_invoices()
    chunks, reports = [], []
    for file in offered.files:
        reading = READER.read(
            connection.open(file), mapping=file.mapping, role=file.role, expect=Expect(invoice_number=offered.number)
        )
        chunks += list(reading)
        reports.append(reading.report())
    return offered, chunks, reports


def total(chunks: list[Chunk], key: str) -> Decimal:
    return sum((chunk.sums[key].amount for chunk in chunks if key in chunk.sums), Decimal(0))


@pytest.mark.parametrize("maker", MAKERS)
def test_what_is_read_is_what_was_promised(maker, tmp_path):
    made = make(maker, tmp_path)
    offered, chunks, reports = read(tmp_path, made)
    tax = total(chunks, "tax") + sum(one.tax for chunk in chunks for one in chunk.sums.values())
    assert (total(chunks, "licence"), total(chunks, "usage"), tax) == (
        made.totals.licence,
        made.totals.usage,
        made.totals.tax,
    )
    assert offered.total == made.total == made.totals.exact.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
    assert sum(report.rows for report in reports) == made.lines
    assert sum(report.warnings_total for report in reports) == 0


@pytest.mark.parametrize("maker", MAKERS)
def test_the_same_seed_gives_the_same_bytes(maker, tmp_path):
    first, again, other = (make(maker, tmp_path / name, seed) for name, seed in (("a", 7), ("b", 7), ("c", 8)))
    contents = [[file.path.read_bytes() for file in made.files] for made in (first, again, other)]
    assert contents[0] == contents[1] != contents[2]
    assert first.totals == again.totals


@pytest.mark.parametrize("maker", MAKERS)
def test_faults_are_put_in(maker, tmp_path):
    made = make(maker, tmp_path, faults=Faults(total_off=Decimal("0.30"), unknown_customers=2, unknown_products=1))
    _, chunks, _ = read(tmp_path, made)
    assert made.total - made.totals.exact.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP") == Decimal("0.30")
    rows = [row for chunk in chunks for row in csv.reader(chunk.copy_csv.decode().splitlines())]
    known = {customer.id for customer in CUSTOMERS} | {product.reference for product in PRODUCTS}
    assert len(made.unknown) == 3
    assert {reference for row in rows for reference in (row[3], row[4])} - known == set(made.unknown)


def test_the_microsoft_pair_is_one_invoice_either_way(tmp_path):
    made = make("microsoft", tmp_path)
    both_ways = []
    for roles in (("licence", "usage"), ("all", "detail")):
        files = tuple(replace(file, role=role) for file, role in zip(made.files, roles, strict=True))
        _, chunks, reports = read(tmp_path, replace(made, files=files))
        both_ways.append((total(chunks, "licence"), total(chunks, "usage")))
        assert sum(sum(report.skipped.values()) for report in reports) > 0
    assert both_ways[0] == both_ways[1] == (made.totals.licence, made.totals.usage)


@pytest.mark.parametrize("width", ["lean", "wide"])
def test_long_files_have_the_sum_they_claim(width, tmp_path):
    claimed = million_focus(tmp_path / "long.csv", 12_345, seed=3, width=width)
    found = list(READER.read(LocalFile(tmp_path / "long.csv")))
    assert [chunk.rows for chunk in found] == [10_000, 2_345]
    summed = Decimal(0)
    for chunk in found:
        summed = EXACT.add(summed, chunk.sums["usage"].amount)
    assert summed == claimed
