"""What the demo is about: three automatic providers with a fault each, one that sends paper, and our own customers."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Final

from services.demo.generator.distributor import make_distributor
from services.demo.generator.focus import make_focus
from services.demo.generator.manifest import write_manifest
from services.demo.generator.microsoft import make_microsoft
from services.demo.generator.sample import (
    Faults,
    Header,
    MadeInvoice,
    SampleCustomer,
    SampleProduct,
    sample_customers,
    sample_products,
)

SEED: Final = 20_261_122
PERIOD: Final = (dt.date(2026, 10, 1), dt.date(2026, 10, 31))
INVOICE_DATE: Final = dt.date(2026, 11, 5)


@dataclass(frozen=True, slots=True)
class Supplier:
    """An automatic provider: its code, name, the folder of its manifest, and the invoices it lists."""

    code: str
    name: str
    folder: Path
    invoices: tuple[MadeInvoice, ...]

    @property
    def manifest(self) -> Path:
        """Where its list of invoices is."""
        return self.folder / "manifest.json"

    def by_number(self, number: str) -> MadeInvoice:
        """One of its invoices."""
        return next(i for i in self.invoices if i.header.number == number)


@dataclass(frozen=True, slots=True)
class World:
    """All that the demo works on."""

    customers: tuple[SampleCustomer, ...]
    products: tuple[SampleProduct, ...]
    suppliers: tuple[Supplier, ...]
    paper: MadeInvoice
    """The manual provider's invoice: its file is uploaded by hand."""

    def lines(self) -> int:
        """Lines of all files."""
        return sum(i.lines for s in self.suppliers for i in s.invoices) + self.paper.lines


def make_world(folder: Path) -> World:
    """Write all files below the folder; the same bytes every time."""
    customers, products = sample_customers(SEED, 8), sample_products(SEED)
    north, focus, broad, paper = (_sub(folder, n) for n in ("partner-centre", "focus-cloud", "distributor", "paper"))
    suppliers = (
        Supplier(
            "PARTNERCENTRE",
            "Partner centre",
            north,
            (make_microsoft(north, SEED, _header("G-2026-10"), customers, products),),
        ),
        Supplier(
            "FOCUSCLOUD",
            "Focus Cloud",
            focus,
            (
                _focus(focus, "FC-1001", customers, products, Faults()),
                _focus(focus, "FC-1002", customers, products, Faults(total_off=Decimal("12.40"))),
                _focus(focus, "FC-1003", customers, products, Faults(total_off=Decimal("-0.30"))),
            ),
        ),
        Supplier(
            "BROADLINE",
            "Broadline distribution",
            broad,
            (
                make_distributor(
                    broad,
                    SEED,
                    _header("BL-77"),
                    customers,
                    products,
                    faults=Faults(unknown_customers=2, unknown_products=1),
                ),
            ),
        ),
    )
    for supplier in suppliers:
        write_manifest(supplier.folder, supplier.invoices)
    return World(
        customers,
        products,
        suppliers,
        paper=_focus(paper, "P-2026-5", customers, products, Faults(), lines=40),
    )


def change_total(supplier: Supplier, number: str, by: Decimal) -> None:
    """The provider issues the invoice anew: revision 2, another total, the same files."""
    changed = [
        replace(i, header=replace(i.header, revision="2"), total=i.total + by) if i.header.number == number else i
        for i in supplier.invoices
    ]
    write_manifest(supplier.folder, changed)


def _focus(
    folder: Path,
    number: str,
    customers: Sequence[SampleCustomer],
    products: Sequence[SampleProduct],
    faults: Faults,
    *,
    lines: int = 300,
) -> MadeInvoice:
    return make_focus(folder, SEED, _header(number), customers, products, lines=lines, faults=faults)


def _header(number: str) -> Header:
    return Header(number, INVOICE_DATE, *PERIOD)


def _sub(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir(parents=True, exist_ok=True)
    return path
