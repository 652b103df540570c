"""A Microsoft new commerce invoice: the reconciliation file, and the daily file of the same usage.

The daily file's amounts add up to the usage lines of the reconciliation to the cent, so the pair can be imported as
reconciliation `all` + daily `detail`, or as reconciliation `licence` + daily `usage`, with the same total.
"""

import csv
import datetime as dt
import random
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import reduce
from pathlib import Path

from domain.money import EXACT
from services.demo.generator.columns import DAILY_RATED, NCE_RECONCILIATION
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
    guid,
    with_strangers,
)

_TAX_RATE = Decimal("0.20")
_PARTNER = "partner-0001"


def make_microsoft(
    folder: Path,
    seed: int,
    header: Header,
    customers: Sequence[SampleCustomer],
    products: Sequence[SampleProduct],
    *,
    licence_lines: int = 40,
    usage_lines: int = 60,
    faults: Faults = NO_FAULTS,
    tax: bool = True,
) -> MadeInvoice:
    """Write both files. A usage line is one product of one customer in the month; the daily file has it day by day."""
    dice = random.Random(f"{seed}:{header.number}")  # noqa: S311 - sample data, not a secret
    licences = [product for product in products if product.kind == "licence"]
    meters = [product for product in products if product.kind == "usage"]
    strange, unknown = with_strangers(customers, products, faults, dice)
    seats = [(dice.choice(customers), dice.choice(licences)) for _ in range(licence_lines)]
    used = [(dice.choice(customers), dice.choice(meters)) for _ in range(usage_lines)] + strange
    reconciliation = folder / f"{header.number}-reconciliation.csv"
    daily = folder / f"{header.number}-daily.csv"
    totals = Totals()
    lines = 0
    with (
        reconciliation.open("w", encoding="utf-8", newline="") as first,
        daily.open("w", encoding="utf-8", newline="") as second,
    ):
        monthly_out = csv.DictWriter(first, NCE_RECONCILIATION)
        daily_out = csv.DictWriter(second, DAILY_RATED)
        monthly_out.writeheader()
        daily_out.writeheader()
        for customer, product in seats:
            row, amount, charged = _seat_line(dice, header, customer, product, tax=tax)
            monthly_out.writerow(row)
            totals = totals.plus("licence", amount).plus("tax", charged)
            lines += 1
        for customer, product in used:
            subscription = guid(dice)
            rows = list(_daily_lines(dice, header, customer, product, subscription))
            daily_out.writerows(row for row, _ in rows)
            amount = _sum(Decimal(str(row["BillingPreTaxTotal"])) for row, _ in rows)
            monthly_out.writerow(
                _usage_line(header, customer, product, subscription, sum(count for _, count in rows), amount)
            )
            totals = totals.plus("usage", amount)
            lines += len(rows)
    return MadeInvoice(
        header=header,
        total=EXACT.add(cents(totals.exact), faults.total_off),
        totals=totals,
        files=(
            MadeFile(reconciliation, role="licence", format="microsoft-nce-reconciliation"),
            MadeFile(daily, role="usage", format="microsoft-daily-rated"),
        ),
        faults=faults,
        lines=lines,
        unknown=unknown,
    )


def _common(header: Header, customer: SampleCustomer, product: SampleProduct) -> dict[str, object]:
    return {
        "PartnerId": _PARTNER,
        "CustomerId": customer.id,
        "CustomerName": customer.name,
        "CustomerDomainName": customer.domain,
        "CustomerCountry": "AT",
        "InvoiceNumber": header.number,
        "MpnId": "1000001",
        "ProductId": product.id,
        "SkuId": product.sku,
        "AvailabilityId": "AVAIL0001",
        "SkuName": product.name,
        "ProductName": product.name,
        "PublisherName": "Example Publisher",
        "UnitPrice": product.unit_price,
        "EffectiveUnitPrice": product.unit_price,
        "PCToBCExchangeRate": 1,
        "PricingCurrency": header.currency,
        "SubscriptionDescription": product.name,
        "ChargeStartDate": _american(header.period_from),
        "ChargeEndDate": _american(header.period_to),
    }


def _seat_line(
    dice: random.Random, header: Header, customer: SampleCustomer, product: SampleProduct, *, tax: bool
) -> tuple[dict[str, object], Decimal, Decimal]:
    """A line of seats; now and then some are given back, and the line is a credit."""
    quantity = dice.randrange(1, 60) * (-1 if dice.random() < 0.05 else 1)  # noqa: PLR2004 - one in twenty
    amount = EXACT.multiply(product.unit_price, Decimal(quantity))
    charged = cents(EXACT.multiply(amount, _TAX_RATE)) if tax else Decimal(0)
    row = {
        **_common(header, customer, product),
        "OrderId": f"order-{dice.getrandbits(32):08x}",
        "OrderDate": _american(header.period_from),
        "ChargeType": "removeQuantity" if quantity < 0 else dice.choice(("new", "renew", "addQuantity", "cycleFee")),
        "Quantity": quantity,
        "Subtotal": amount,
        "TaxTotal": charged,
        "Total": EXACT.add(amount, charged),
        "Currency": header.currency,
        "SubscriptionId": guid(dice),
        "TermAndBillingCycle": "One-Year commitment for monthly/yearly billing",
        "UnitType": product.unit,
        "BillableQuantity": quantity,
        "BillingFrequency": "Monthly",
    }
    return row, amount, charged


def _usage_line(
    header: Header, customer: SampleCustomer, product: SampleProduct, subscription: str, quantity: int, amount: Decimal
) -> dict[str, object]:
    return {
        **_common(header, customer, product),
        "ChargeType": "new",
        "Quantity": 1,
        "Subtotal": amount,
        "TaxTotal": 0,
        "Total": amount,
        "Currency": header.currency,
        "SubscriptionId": subscription,
        "UnitType": product.unit,
        "BillableQuantity": quantity,
        "BillingFrequency": "Monthly",
        "MeterDescription": f"{product.name} - meter",
    }


def _daily_lines(
    dice: random.Random, header: Header, customer: SampleCustomer, product: SampleProduct, subscription: str
) -> list[tuple[dict[str, object], int]]:
    """Some days of usage. Quantities are whole hundreds: price times quantity has no more than two digits."""
    days = (header.period_to - header.period_from).days + 1
    meter = f"meter-{product.sku.lower()}"
    rows = []
    for offset in sorted(dice.sample(range(days), k=min(days, dice.randrange(3, 12)))):
        quantity = 100 * dice.randrange(1, 30)
        amount = EXACT.multiply(product.unit_price, Decimal(quantity)).normalize(EXACT)
        row: dict[str, object] = {
            **_common(header, customer, product),
            "PartnerName": "Example Reseller",
            "SubscriptionId": subscription,
            "UsageDate": _american(header.period_from + dt.timedelta(days=offset)),
            "MeterType": product.unit,
            "MeterCategory": product.name,
            "MeterId": meter,
            "MeterName": product.name,
            "MeterRegion": "EU West",
            "Unit": product.unit,
            "ChargeType": "new",
            "Quantity": quantity,
            "UnitType": product.unit,
            "BillingPreTaxTotal": f"{amount:f}",
            "BillingCurrency": header.currency,
            "PricingPreTaxTotal": f"{amount:f}",
            "ResourceGroup": f"group-{dice.randrange(5)}",
            "Tags": f'{{"cost centre": "{dice.randrange(100, 110)}"}}',
            "EntitlementId": subscription,
        }
        rows.append((row, quantity))
    return rows


def _american(day: dt.date) -> str:
    return f"{day.month}/{day.day}/{day.year}"


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return reduce(EXACT.add, amounts, Decimal(0))
