"""Where invoices come from: a manifest served over HTTP, and the public FOCUS sample where it is there."""

import csv
import shutil
import threading
from collections import defaultdict
from decimal import Decimal
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from adapters.imports import ManifestConnections
from adapters.provider_files.raw_files import RawFileStore
from adapters.provider_files.source import AllowedPlaces, FileSources
from commands.reference.bulk import Item, load_many
from domain.identity import provider_invoice_stream
from domain.money import rounded
from domain.reference.kinds import KINDS
from tests.adapters.provider_files.given import SAMPLE
from tests.support.origins import origin
from tests.support.provider_invoices import NUMBER, PROVIDER
from tests.support.yard import COLUMNS, outcomes


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def served(yard):
    """The yard's folder over HTTP; gives its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(yard.folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


async def test_a_list_and_its_files_over_http(yard, served, tmp_path, monkeypatch):
    places = AllowedPlaces(hosts=frozenset({served}))
    connections = ManifestConnections(FileSources(places, RawFileStore(tmp_path / "raw")), {})
    monkeypatch.setattr(yard.desk.connections, "of", connections.of)
    await yard.shop.save(
        "provider", code=PROVIDER, name="x", mode="automatic", connection={"manifest": f"http://{served}/manifest.json"}
    )
    yard.offer(["60", "40"])
    assert outcomes(await yard.sync()) == [(NUMBER, "imported")]
    assert len(await yard.lines()) == 2


async def test_a_secret_that_is_not_set_is_a_list_that_cannot_be_fetched(yard):
    connection = {"manifest": str(yard.folder / "manifest.json"), "secret": "acme"}
    await yard.shop.save("provider", code=PROVIDER, name="x", mode="automatic", connection=connection)
    operation, items = await yard.daily()
    assert items == []
    assert operation.message.endswith("lists that could not be fetched: 1.")


@pytest.mark.skipif(not SAMPLE.exists(), reason="the FOCUS sample is not here")
async def test_the_focus_sample_with_its_exact_sum_whole_and_split_by_issuer(yard):
    shutil.copy(SAMPLE, yard.folder / "focus.csv")
    by_issuer = defaultdict(Decimal)
    with SAMPLE.open(newline="") as rows:
        for row in csv.DictReader(rows):
            by_issuer[row["InvoiceIssuerName"]] += Decimal(row["BilledCost"])
    assert sum(by_issuer.values()) == Decimal("20.52022672899")
    mapping = {"extends": "focus-1.0", "name": "whole-sample", "identity": []}
    yard.entry("WHOLE", "20.52", currency="USD", files=[{"path": "focus.csv", "mapping": mapping}])
    for number, (issuer, amount) in enumerate(by_issuer.items(), 1):
        split = {"by": "InvoiceIssuerName", "value": [issuer]}
        files = [{"path": "focus.csv", "format": "focus-1.0", "split": split}]
        yard.entry(f"SPLIT-{number}", f"{rounded(amount, 'USD')}", currency="USD", files=files)

    _, items = await yard.daily()
    assert {outcome for _, outcome in outcomes(items)} == {"failed"}
    invoice = provider_invoice_stream(PROVIDER, "WHOLE").id
    for kind in ("customer", "product"):
        missing = [f for f in await yard.shop.desk.lines.findings(invoice, 1) if f.kind == kind]
        bodies = [
            {
                "code": f"{kind}-{n}",
                "name": found.name or kind,
                "identifiers": [{"provider": PROVIDER, "identifier": found.reference}],
            }
            for n, found in enumerate(missing)
        ]
        made = [Item(n, body["code"], body) for n, body in enumerate(bodies)]
        await load_many(yard.shop.reference, origin(), KINDS[kind], made)

    _, items = await yard.daily()

    assert {outcome for _, outcome in outcomes(items)} == {"imported"}, items
    whole = await yard.state("WHOLE")
    assert (whole.rows, whole.totals.exact, whole.totals.grand) == (1000, Decimal("20.52022672899"), Decimal("20.52"))
    parts = [await yard.state(f"SPLIT-{n}") for n in range(1, 6)]
    assert sum(part.totals.exact for part in parts) == Decimal("20.52022672899")
    assert {part.rows + part.left_out for part in parts} == {1000}


def numbered(yard, number):
    """A file of one line that says of which invoice it is."""
    name = f"of-{number.strip()}.csv"
    (yard.folder / name).write_text(f"{','.join(COLUMNS)},invoice\nusage,c-1,p-1,2026-02-03,1,10,EUR,{number}\n")
    return name


async def test_a_list_that_points_at_the_file_of_another_invoice_is_refused(yard):
    format_ = {"extends": "ledgerline", "name": "own", "identity": ["invoice"], "invoice_number": "invoice"}
    for number, of in (("A", "A"), ("B", "A"), ("C", " C ")):
        yard.entry(number, "10.00", files=[{"path": numbered(yard, of), "mapping": format_}])
    chosen = {"by": "invoice", "value": ["A"]}
    yard.entry("D", "10.00", files=[{"path": "of-A.csv", "mapping": format_, "split": chosen}])
    _, items = await yard.daily()
    assert dict(outcomes(items)) == {"A": "imported", "B": "failed", "C": "imported", "D": "imported"}
    failed = await yard.state("B")
    assert (failed.reasons, failed.import_code) == (("import_failed",), "another-invoice")
    assert "of-A.csv is of the invoice A, not of B: give the right file." in failed.messages[0]
    yard.entry("B", "10.00", files=[{"path": numbered(yard, "B"), "mapping": format_}])
    assert dict(outcomes((await yard.daily())[1]))["B"] == "imported"
