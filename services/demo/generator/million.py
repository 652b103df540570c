"""A FOCUS 1.2 file of any length, quickly: for benchmarks.

`lean` fills what a usage line cannot do without (about 145 bytes a line); `wide` fills what cloud providers fill in
practice (about 600 bytes a line).
"""

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

from services.demo.generator.columns import FOCUS_1_2

Width = Literal["lean", "wide"]

_CUSTOMERS, _PRODUCTS, _SHAPES = 500, 200, 2_000
_PLACE: Final = "<>"
_PICO: Final = 10**11
_PERIOD = {"BillingPeriodStart": "2026-03-01T00:00:00Z", "BillingPeriodEnd": "2026-04-01T00:00:00Z"}


def million_focus(path: Path, rows: int = 1_000_000, seed: int = 1, *, width: Width = "lean") -> Decimal:
    """Write the file and give the exact sum of its BilledCost, in USD."""
    total = 0
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write(",".join(FOCUS_1_2) + "\n")
        for lines, amount in _blocks(rows, random.Random(seed), width):  # noqa: S311 - sample data, not a secret
            out.write(lines)
            total += amount
    return Decimal(total).scaleb(-11)


def _blocks(rows: int, dice: random.Random, width: Width) -> Iterator[tuple[str, int]]:
    shapes = [_shape(dice, width) for _ in range(_SHAPES)]
    for start in range(0, rows, 20_000):
        lines: list[str] = []
        total = 0
        for _ in range(min(20_000, rows - start)):
            before, between, behind, unit_cost = shapes[int(dice.random() * _SHAPES)]
            quantity = int(dice.random() * 9_999) + 1
            amount = unit_cost * quantity
            total += amount
            cost = f"{amount // _PICO}.{amount % _PICO:011d}"
            lines.append(f"{before}{cost}{between}{quantity}{behind}")
        yield "".join(lines), total


def _shape(dice: random.Random, width: Width) -> tuple[str, str, str, int]:
    """The texts before, between and behind a line's amount and quantity, and a unit's cost in 10^-11 USD."""
    customer, product, day = dice.randrange(_CUSTOMERS), dice.randrange(_PRODUCTS), dice.randrange(1, 31)
    values = {
        "BilledCost": _PLACE,
        "BillingAccountId": "100200300",
        "BillingCurrency": "USD",
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": f"2026-03-{day:02d}",
        "ChargePeriodEnd": f"2026-03-{day + 1:02d}",
        "PricingQuantity": _PLACE,
        "ServiceName": "Compute",
        "SkuId": f"SKU-{product:04d}",
        "SubAccountId": f"sub-{customer:05d}",
    }
    if width == "wide":
        values |= _wide(customer, product, day)
    cells = [values.get(name, "") for name in FOCUS_1_2]
    line = ",".join('"' + cell.replace('"', '""') + '"' if "," in cell else cell for cell in cells)
    before, between, behind = line.split(_PLACE)
    return before, between, behind + "\n", dice.randrange(1, 10**9)


def _wide(customer: int, product: int, day: int) -> dict[str, str]:
    return {
        **_PERIOD,
        "AvailabilityZone": f"eu-west-1{'abc'[product % 3]}",
        "BillingAccountName": "Example Reseller",
        "BillingAccountType": "Organization",
        "ChargeDescription": f"On-demand hours of size {product % 12}, Linux, shared tenancy",
        "ChargePeriodStart": f"2026-03-{day:02d}T00:00:00Z",
        "ChargePeriodEnd": f"2026-03-{day:02d}T01:00:00Z",
        "ConsumedUnit": "Hours",
        "ContractedUnitPrice": "0.0416",
        "InvoiceId": "2026-03-0001",
        "InvoiceIssuerName": "Example Cloud, Inc.",
        "ListUnitPrice": "0.0416",
        "PricingCategory": "Standard",
        "PricingCurrency": "USD",
        "PricingUnit": "Hours",
        "ProviderName": "Example Cloud",
        "PublisherName": "Example Cloud",
        "RegionId": "eu-west-1",
        "RegionName": "Europe (Ireland)",
        "ResourceId": f"arn:example:compute:eu-west-1:{customer:012d}:instance/i-{customer * 7919 + product:017x}",
        "ResourceName": f"node-{customer}-{product}",
        "ResourceType": "Instance",
        "ServiceCategory": "Compute",
        "ServiceName": "Example Compute",
        "ServiceSubcategory": "Virtual Machines",
        "SkuMeter": "Instance hours",
        "SkuPriceId": f"SKU-{product:04d}.T1",
        "SubAccountName": f"Customer {customer}",
        "SubAccountType": "Account",
        "Tags": f'{{"env": "prod", "team": "t{customer % 20}"}}',
    }
