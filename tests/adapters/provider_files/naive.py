"""A reader as simple as can be, on csv and Decimal: what the fast one must equal, byte for byte."""

import csv
import datetime as dt
import io
import json
from decimal import Decimal


def canonical(content: str) -> tuple[bytes, Decimal]:
    """Canonical rows and the exact sum of a FOCUS file that has the columns of `given.FOCUS_COLUMNS`."""
    out, total = [], Decimal(0)
    for number, record in enumerate(csv.DictReader(io.StringIO(content, newline="")), start=1):
        line = {name: None if value in ("", "NULL") else value for name, value in record.items()}
        amount = Decimal(line["BilledCost"].strip())
        total += amount
        start = dt.datetime.fromisoformat(line["ChargePeriodStart"])
        end = dt.datetime.fromisoformat(line["ChargePeriodEnd"])
        last = max(start.date(), (end - dt.timedelta(microseconds=1)).date())
        recurring = line["ChargeFrequency"] in ("Recurring", "One-Time")
        attributes = {
            name: line[name]
            for name in record
            if line[name] is not None
            and (
                name in ("BillingAccountId", "ChargeFrequency", "ServiceName", "Tags")
                or (name == "ChargePeriodStart" and start.time() != dt.time())
                or (name == "ChargePeriodEnd" and end.time() != dt.time())
            )
        }
        customer = (line["SubAccountId"] or line["BillingAccountId"]).strip() or None
        cells = [
            str(number),
            "licence" if line["ChargeCategory"] == "Purchase" and recurring else "usage",
            line["ChargeCategory"].lower(),
            quoted(customer),
            quoted(line["ServiceName"].strip() or None),
            "",
            start.date().isoformat(),
            last.isoformat(),
            "",
            "",
            "",
            plain(amount),
            "",
            line["BillingCurrency"],
            quoted(json.dumps(attributes, ensure_ascii=False, separators=(",", ":"))),
        ]
        out.append(",".join(cells) + "\n")
    return "".join(out).encode(), total


def quoted(text: str | None) -> str:
    return "" if text is None else '"' + text.replace('"', '""') + '"'


def plain(number: Decimal) -> str:
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text
