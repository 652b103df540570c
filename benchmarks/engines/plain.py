"""Python's csv module and Decimal."""

import csv
import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from decimal import Context, Decimal
from pathlib import Path

ROWS = 10_000
CONSUMED = {
    "BilledCost", "BillingCurrency", "ChargeCategory", "ChargePeriodStart", "ChargePeriodEnd", "SubAccountId", "SkuId",
    "PricingQuantity", "PricingUnit", "ContractedUnitPrice",
}  # fmt: skip
EXACT = Context(prec=60)


def plain(text: str | None) -> str:
    if text is None:
        return ""
    number = f"{Decimal(text):f}"
    return number.rstrip("0").rstrip(".") if "." in number else number


def quoted(text: str | None) -> str:
    return "" if text is None else '"' + text.replace('"', '""') + '"'


def canonical(number: int, line: dict[str, str | None]) -> str:
    category = line["ChargeCategory"] or ""
    start, end = line["ChargePeriodStart"] or "", line["ChargePeriodEnd"] or ""
    timed = {
        "ChargePeriodStart": start[11:19] not in ("", "00:00:00"),
        "ChargePeriodEnd": end[11:19] not in ("", "00:00:00"),
    }
    last = (
        end[:10] if timed["ChargePeriodEnd"] else (dt.date.fromisoformat(end[:10]) - dt.timedelta(days=1)).isoformat()
    )
    licence = category == "Purchase" and line["ChargeFrequency"] in ("Recurring", "One-Time")
    others = {
        name: value
        for name, value in line.items()
        if value is not None and (name not in CONSUMED or timed.get(name, False))
    }
    cells = (
        str(number),
        "licence" if licence else "usage",
        category.lower(),
        quoted(line["SubAccountId"] or line["BillingAccountId"]),
        quoted(line["SkuId"] or line["ServiceName"]),
        "",
        start[:10],
        last,
        plain(line["PricingQuantity"] or line["ConsumedQuantity"]),
        quoted(line["PricingUnit"] or line["ConsumedUnit"]),
        plain(line["ContractedUnitPrice"] or line["ListUnitPrice"]),
        plain(line["BilledCost"]),
        "",
        line["BillingCurrency"] or "",
        quoted(json.dumps(others, ensure_ascii=False, separators=(",", ":"))),
    )
    return ",".join(cells) + "\n"


def lines(path: Path) -> Iterator[dict[str, str | None]]:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        header = next(reader)
        for row in reader:
            yield dict(zip(header, (None if cell in ("", "NULL") else cell for cell in row), strict=True))


def run(path: Path) -> tuple[int, Decimal, str]:
    total, whole, chunk, number = Decimal(0), hashlib.sha256(), [], 0
    for number, line in enumerate(lines(path), start=1):
        total = EXACT.add(total, Decimal(line["BilledCost"] or ""))
        chunk.append(canonical(number, line))
        if len(chunk) == ROWS:
            whole.update(hashlib.sha256("".join(chunk).encode()).digest())
            chunk = []
    if chunk:
        whole.update(hashlib.sha256("".join(chunk).encode()).digest())
    return number, total, whole.hexdigest()
