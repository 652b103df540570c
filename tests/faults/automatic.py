"""What the faults are thrown at besides typed-in invoices: an automatic provider whose files are known to the cent."""

import csv
import datetime as dt
import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from services.demo.generator.focus import make_focus
from services.demo.generator.manifest import write_manifest
from services.demo.generator.sample import Header, sample_customers, sample_products
from tests.faults.steady_client import SteadyHttp

SEED = 11
MARCH = (dt.date(2026, 2, 1), dt.date(2026, 2, 28))


@dataclass(frozen=True, slots=True)
class Listed:
    """An invoice of the provider's: how many lines its file has, and their exact sum, read with nothing of ours."""

    number: str
    lines: int
    sum: Decimal


class Provider:
    """The provider AUTO: all its files are there, and its manifest lists more of them as time goes by."""

    def __init__(self, manifest: Path, listed: list[Listed]) -> None:
        self.listed = listed
        self._manifest = manifest
        self._entries = json.loads(manifest.read_text())["invoices"]
        self._count = 0
        self.list_more(0)

    def list_more(self, by: int = 1) -> None:
        """List so many more invoices; a reader finds the manifest as it was or as it is."""
        self._count += by
        fresh = self._manifest.with_suffix(".new")
        fresh.write_text(json.dumps({"invoices": self._entries[: self._count]}))
        fresh.rename(self._manifest)


def make_provider(folder: Path, http: SteadyHttp, count: int, lines: int) -> Provider:
    """Files of `count` invoices, none listed yet, and the reference data that they and the typed-in ones need."""
    folder.mkdir(parents=True)
    customers, products = sample_customers(SEED, 5), sample_products(SEED)
    made = [
        make_focus(folder, SEED, Header(f"A-{n}", dt.date(2026, 3, 1), *MARCH), customers, products, lines=lines)
        for n in range(1, count + 1)
    ]
    manifest = write_manifest(folder, made)
    provider = Provider(manifest, [_listed(invoice.header.number, invoice.files[0].path) for invoice in made])
    automatic = {"name": "Automatic", "mode": "automatic", "connection": {"manifest": str(manifest)}}
    http.send("PUT", "/providers/AUTO", json=automatic)
    http.send("PUT", "/providers/PAPER", json={"name": "Paper", "mode": "manual"})
    for kind, references in (
        ("customers", [("AUTO", c.id) for c in customers] + [("PAPER", "c-1")]),
        ("products", [("AUTO", p.reference) for p in products] + [("PAPER", "p-1")]),
    ):
        items = [
            {"code": f"X{n}", "name": f"No. {n}", "identifiers": [{"provider": code, "identifier": reference}]}
            for n, (code, reference) in enumerate(references, start=1)
        ]
        assert http.send("POST", f"/{kind}/bulk", json=items)["created"] == len(items)
    return provider


def _listed(number: str, path: Path) -> Listed:
    with path.open(newline="") as file:
        amounts = [Decimal(row["BilledCost"]) for row in csv.DictReader(file)]
    return Listed(number, len(amounts), sum(amounts, Decimal(0)))
