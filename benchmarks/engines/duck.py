"""DuckDB: one SELECT makes the canonical rows."""

import hashlib
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.compute as pc

from benchmarks.engines.plain import CONSUMED, EXACT, ROWS
from services.demo.generator.columns import FOCUS_1_2

DAY = "ChargePeriodEnd[:10]"
TIMED = "ChargePeriodEnd[12:19] NOT IN ('', '00:00:00')"
LICENCE = "ChargeCategory = 'Purchase' AND ChargeFrequency IN ('Recurring', 'One-Time')"


def plain(column: str) -> str:
    text = f"CAST(CAST({column} AS DECIMAL(38,15)) AS VARCHAR)"
    return f"coalesce(rtrim(rtrim({text}, '0'), '.'), '')"


def quoted(column: str) -> str:
    return f"""coalesce('"' || replace({column}, '"', '""') || '"', '')"""


def pair(name: str) -> str:
    value = f"""replace(replace("{name}", '\\', '\\\\'), '"', '\\""')"""
    if name in ("ChargePeriodStart", "ChargePeriodEnd"):
        value = f"""CASE WHEN "{name}"[12:19] NOT IN ('', '00:00:00') THEN "{name}" END"""
    return f"""('""{name}"":""' || {value} || '""')"""


def query(path: Path) -> str:
    others = [name for name in FOCUS_1_2 if name not in CONSUMED or name.startswith("ChargePeriod")]
    cells = [
        "row_number() OVER ()",
        f"CASE WHEN {LICENCE} THEN 'licence' ELSE 'usage' END",
        "lower(ChargeCategory)",
        quoted("coalesce(SubAccountId, BillingAccountId)"),
        quoted("coalesce(SkuId, ServiceName)"),
        "''",
        "ChargePeriodStart[:10]",
        f"CASE WHEN {TIMED} THEN {DAY} ELSE CAST(CAST({DAY} AS DATE) - 1 AS VARCHAR) END",
        plain("coalesce(PricingQuantity, ConsumedQuantity)"),
        quoted("coalesce(PricingUnit, ConsumedUnit)"),
        plain("coalesce(ContractedUnitPrice, ListUnitPrice)"),
        plain("BilledCost"),
        "''",
        "BillingCurrency",
        f"""'"{{' || concat_ws(',', {", ".join(map(pair, others))}) || '}}"'""",
    ]
    return (
        f"SELECT concat_ws(',', {', '.join(cells)}) || chr(10) AS line, CAST(BilledCost AS DECIMAL(38,15)) AS amount "
        f"FROM read_csv('{path}', all_varchar=true, nullstr=['', 'NULL'], header=true, delim=',', "
        """quote='"', escape='"')"""
    )


def run(path: Path) -> tuple[int, Decimal, str]:
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    connection.execute("SET memory_limit = '1GB'")
    count, total, whole, waiting = 0, Decimal(0), hashlib.sha256(), b""
    rows_waiting = 0
    for batch in connection.sql(query(path)).to_arrow_reader(ROWS):
        count += len(batch)
        total = EXACT.add(total, pc.sum(batch.column("amount")).as_py())
        lines = batch.column("line").to_pylist()
        while lines:
            taken, lines = lines[: ROWS - rows_waiting], lines[ROWS - rows_waiting :]
            waiting += "".join(taken).encode()
            rows_waiting += len(taken)
            if rows_waiting == ROWS:
                whole.update(hashlib.sha256(waiting).digest())
                waiting, rows_waiting = b"", 0
    if rows_waiting:
        whole.update(hashlib.sha256(waiting).digest())
    return count, total, whole.hexdigest()
