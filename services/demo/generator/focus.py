"""A FOCUS 1.2 invoice: usage, recurring purchases, tax, a credit and a correction, as CSV, gzip or Parquet."""

import csv
import datetime as dt
import gzip
import io
import random
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from domain.money import EXACT
from services.demo.generator.columns import FOCUS_1_2
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

Container = Literal["csv", "csv.gz", "parquet"]

_ISSUER = "Example Cloud, Inc."
_EXACT_COLUMNS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "PricingQuantity", "ContractedUnitPrice")


def make_focus(
    folder: Path,
    seed: int,
    header: Header,
    customers: Sequence[SampleCustomer],
    products: Sequence[SampleProduct],
    *,
    lines: int = 300,
    container: Container = "csv",
    faults: Faults = NO_FAULTS,
) -> MadeInvoice:
    """Write one file. Costs have up to nine decimals; the header's total is their exact sum rounded once."""
    dice = random.Random(f"{seed}:{header.number}")  # noqa: S311 - sample data, not a secret
    strange, unknown = with_strangers(customers, products, faults, dice)
    pairs = [(dice.choice(customers), dice.choice(products)) for _ in range(max(lines - len(strange), 0))] + strange
    rows, totals = [], Totals()
    for index, (customer, product) in enumerate(pairs):
        row, key = _line(dice, header, customer, product, index)
        rows.append(row)
        totals = totals.plus(key, Decimal(row["BilledCost"]))
    path = folder / f"{header.number}-focus.{container}"
    _write(path, rows, container)
    return MadeInvoice(
        header=header,
        total=EXACT.add(cents(totals.exact), faults.total_off),
        totals=totals,
        files=(MadeFile(path, format="focus-1.2"),),
        faults=faults,
        lines=len(rows),
        unknown=unknown,
    )


def _line(
    dice: random.Random, header: Header, customer: SampleCustomer, product: SampleProduct, index: int
) -> tuple[dict[str, str], str]:
    """A line and what it counts under; every fiftieth is tax, a credit or a correction."""
    licence = product.kind == "licence"
    quantity = Decimal(dice.randrange(1, 50)) if licence else Decimal(dice.randrange(1, 10**9)).scaleb(-5)
    amount = EXACT.multiply(product.unit_price, quantity)
    category, frequency, klass = ("Purchase", "Recurring", "") if licence else ("Usage", "Usage-Based", "")
    special = index % 50
    if special == 47:  # noqa: PLR2004
        category, frequency, amount = "Tax", "Recurring", EXACT.multiply(amount, Decimal("0.2"))
    elif special == 48:  # noqa: PLR2004
        category, frequency, amount = "Credit", "One-Time", -EXACT.multiply(amount, Decimal("0.1"))
    elif special == 49:  # noqa: PLR2004
        klass, amount = "Correction", -EXACT.multiply(amount, Decimal("0.05"))
    day = header.period_from + dt.timedelta(days=dice.randrange((header.period_to - header.period_from).days + 1))
    first, last = (header.period_from, header.period_to) if licence else (day, day)
    row = {
        "BilledCost": f"{amount:f}",
        "BillingAccountId": "1002003004",
        "BillingAccountName": "Example Reseller",
        "BillingAccountType": "Organization",
        "BillingCurrency": header.currency,
        "BillingPeriodStart": _instant(header.period_from),
        "BillingPeriodEnd": _instant(header.period_to + dt.timedelta(days=1)),
        "ChargeCategory": category,
        "ChargeClass": klass,
        "ChargeDescription": f"{product.name}, {product.unit}",
        "ChargeFrequency": frequency,
        "ChargePeriodStart": _instant(first),
        "ChargePeriodEnd": _instant(last + dt.timedelta(days=1)),
        "ContractedUnitPrice": f"{product.unit_price:f}",
        "EffectiveCost": f"{amount:f}",
        "InvoiceId": header.number,
        "InvoiceIssuerName": _ISSUER,
        "ListCost": f"{amount:f}",
        "PricingCategory": "Standard",
        "PricingCurrency": header.currency,
        "PricingQuantity": f"{quantity:f}",
        "PricingUnit": product.unit,
        "ProviderName": "Example Cloud",
        "PublisherName": "Example Cloud",
        "RegionId": "eu-central",
        "ServiceCategory": "Other" if licence else "Compute",
        "ServiceName": product.name,
        "SkuId": product.reference,
        "SkuMeter": product.unit,
        "SubAccountId": customer.id,
        "SubAccountName": customer.name,
        "Tags": f'{{"env": "{dice.choice(("prod", "test"))}"}}',
    }
    return row, "tax" if category == "Tax" else "licence" if category == "Purchase" else "usage"


def _write(path: Path, rows: Sequence[dict[str, str]], container: Container) -> None:
    if container == "parquet":
        exact = pa.decimal128(28, 12)
        columns = {
            name: pa.array(
                [Decimal(row[name]) if row.get(name) else None for row in rows]
                if name in _EXACT_COLUMNS
                else [row.get(name) or None for row in rows],
                exact if name in _EXACT_COLUMNS else pa.string(),
            )
            for name in FOCUS_1_2
        }
        pq.write_table(pa.table(columns), path)
        return
    text = io.StringIO(newline="")
    out = csv.DictWriter(text, FOCUS_1_2)
    out.writeheader()
    out.writerows(rows)
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content, mtime=0) if container == "csv.gz" else content)


def _instant(day: dt.date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
