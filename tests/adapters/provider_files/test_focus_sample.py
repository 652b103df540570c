"""Real data that nobody here wrote: 1,000 lines of FOCUS 1.0."""

import csv
import io
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

import pytest

from adapters.provider_files.reader import LocalFile
from commands.ports.provider_files import Expect, FileRejected, Limits
from tests.adapters.provider_files.given import READER, SAMPLE

pytestmark = pytest.mark.skipif(not SAMPLE.exists(), reason="the FOCUS sample is not beside the checkout")
WHOLE = {"extends": "focus-1.0", "name": "whole-sample", "identity": []}
AWS = "Amazon Web Services, Inc."


def read(**options):
    reading = READER.read(LocalFile(SAMPLE), **options)
    return list(reading), reading.report()


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def test_the_exact_sum_and_its_three_ways_of_rounding():
    found, report = read(mapping=WHOLE)
    assert sum(chunk.sums["usage"].amount for chunk in found) == Decimal("20.52022672899")
    assert cents(Decimal("20.52022672899")) == Decimal("20.52")
    lines = list(csv.reader(io.StringIO(found[0].copy_csv.decode(), newline="")))
    per_pair = defaultdict(Decimal)
    for line in lines:
        per_pair[line[3], line[4]] += Decimal(line[11])
    assert sum(cents(Decimal(line[11])) for line in lines) == Decimal("20.57")
    assert sum(map(cents, per_pair.values())) == Decimal("20.54")
    assert (report.rows, report.format, report.skipped) == (1000, "whole-sample", {})


def test_chunks_are_the_same_whatever_the_blocks():
    big, _ = read(mapping=WHOLE, limits=Limits(rows_per_chunk=170))
    small, _ = read(mapping=WHOLE, limits=Limits(rows_per_chunk=170, block_bytes=3_000))
    assert [chunk.rows for chunk in big] == [170] * 5 + [150]
    assert [chunk.digest for chunk in small] == [chunk.digest for chunk in big]
    assert small == big


def test_mixed_issuers_are_refused_by_name():
    with pytest.raises(FileRejected) as refused:
        read()
    assert refused.value.code == "invoices-mixed"
    for issuer in ("Microsoft", "Oracle", AWS, "Amazon Web Services EMEA SARL"):
        assert issuer in refused.value.message


@pytest.mark.parametrize("way", ["mapping", "manifest"])
def test_split_by_issuer(way):
    split = {"by": "InvoiceIssuerName", "value": AWS}
    if way == "mapping":
        found, report = read(mapping={**WHOLE, "split": split})
    else:
        found, report = read(mapping=WHOLE, expect=Expect(split={split["by"]: (AWS,)}))
    with SAMPLE.open(newline="") as file:
        mine = [row for row in csv.DictReader(file) if row["InvoiceIssuerName"] == AWS]
    assert (report.rows, report.skipped) == (len(mine), {"split": 1000 - len(mine)})
    assert sum(chunk.sums["usage"].amount for chunk in found) == sum(Decimal(row["BilledCost"]) for row in mine)


def test_all_splits_together_are_the_whole():
    issuers = {row["InvoiceIssuerName"] for row in csv.DictReader(SAMPLE.read_text().splitlines())}
    sums = [
        chunk.sums["usage"].amount
        for issuer in issuers
        for chunk in read(mapping=WHOLE, expect=Expect(split={"InvoiceIssuerName": (issuer,)}))[0]
    ]
    assert len(issuers) == 5
    assert sum(sums) == Decimal("20.52022672899")
