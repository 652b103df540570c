"""A distributor's own CSV, with semicolons, decimal commas and a closing row of totals, and its mapping file."""

import csv
import random
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from domain.money import EXACT
from services.demo.generator.sample import (
    NO_FAULTS,
    Faults,
    Header,
    MadeFile,
    MadeInvoice,
    SampleCustomer,
    SampleProduct,
    Totals,
    cents,
    with_strangers,
)

_COLUMNS = (
    "Invoice", "Position", "End customer no.", "End customer", "Article", "Description", "Type", "From", "To",
    "Pieces", "Unit", "Net price", "Net amount", "VAT", "Currency", "Contract",
)  # fmt: skip

MAPPING = """\
# How this distributor writes its invoices.
name = "distributor"
title = "Distributor, own CSV"
required = ["Invoice", "End customer no.", "Article", "Type", "From", "Net amount", "Currency"]
identity = ["Invoice"]
invoice_number = "Invoice"
customer_name = "End customer"
product_name = "Description"

[file]
delimiter = ";"

[columns]
customer = "End customer no."
product = "Article"
subscription = "Contract"
charge_from = "From"
charge_to = "To"
quantity = "Pieces"
unit = "Unit"
unit_price = "Net price"
amount = "Net amount"
tax = "VAT"
currency = "Currency"

[dates]
formats = ["d.m.yyyy"]

[numbers]
decimal = ","
group = "."

[kind]
rules = [
    { is = "licence", when = { Type = ["L"] } },
    { is = "usage", when = { Type = ["V", "G"] } },
]

[charge]
rules = [
    { is = "purchase", when = { Type = ["L"] } },
    { is = "usage", when = { Type = ["V"] } },
    { is = "credit", when = { Type = ["G"] } },
]

[[skip]] # the closing row of totals
Position = ["TOTAL"]
"""


def make_distributor(
    folder: Path,
    seed: int,
    header: Header,
    customers: Sequence[SampleCustomer],
    products: Sequence[SampleProduct],
    *,
    lines: int = 80,
    faults: Faults = NO_FAULTS,
) -> MadeInvoice:
    """Write the CSV and the mapping beside it."""
    dice = random.Random(f"{seed}:{header.number}")  # noqa: S311 - sample data, not a secret
    strange, unknown = with_strangers(customers, products, faults, dice)
    pairs = [(dice.choice(customers), dice.choice(products)) for _ in range(max(lines - len(strange), 0))] + strange
    path, mapping = folder / f"{header.number}.csv", folder / "distributor.toml"
    mapping.write_text(MAPPING, encoding="utf-8")
    totals = Totals()
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, _COLUMNS, delimiter=";")
        out.writeheader()
        for position, (customer, product) in enumerate(pairs, start=1):
            quantity = dice.randrange(1, 400)
            credit = product.kind == "usage" and dice.random() < 0.04  # noqa: PLR2004 - one in twenty-five
            amount = EXACT.multiply(product.unit_price, Decimal(-quantity if credit else quantity))
            vat = cents(EXACT.multiply(amount, Decimal("0.2")))
            totals = totals.plus(product.kind, amount).plus("tax", vat)
            out.writerow(
                {
                    "Invoice": header.number,
                    "Position": position,
                    "End customer no.": customer.id,
                    "End customer": customer.name,
                    "Article": product.reference,
                    "Description": product.name,
                    "Type": "G" if credit else "L" if product.kind == "licence" else "V",
                    "From": f"{header.period_from:%d.%m.%Y}",
                    "To": f"{header.period_to:%d.%m.%Y}",
                    "Pieces": quantity,
                    "Unit": product.unit,
                    "Net price": _comma(product.unit_price),
                    "Net amount": _comma(amount),
                    "VAT": _comma(vat),
                    "Currency": header.currency,
                    "Contract": f"C-{customer.id[:8]}-{product.sku}",
                }
            )
        out.writerow({"Position": "TOTAL", "Net amount": _comma(totals.exact), "Currency": header.currency})
    return MadeInvoice(
        header=header,
        total=EXACT.add(cents(totals.exact), faults.total_off),
        totals=totals,
        files=(MadeFile(path, mapping=mapping),),
        faults=faults,
        lines=len(pairs),
        unknown=unknown,
    )


def _comma(amount: Decimal) -> str:
    return f"{amount:,f}".replace(",", " ").replace(".", ",").replace(" ", ".")
