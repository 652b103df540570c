"""polars: one lazy query makes the canonical rows, collected in batches."""

import hashlib
from decimal import Decimal
from pathlib import Path

import polars as pl

from benchmarks.engines.plain import CONSUMED, EXACT, ROWS
from services.demo.generator.columns import FOCUS_1_2


def plain(column: pl.Expr) -> pl.Expr:
    text = column.str.to_decimal(scale=15).cast(pl.String)
    return text.str.strip_chars_end("0").str.strip_chars_end(".").fill_null("")


def quoted(column: pl.Expr) -> pl.Expr:
    return pl.concat_str([pl.lit('"'), column.str.replace_all('"', '""', literal=True), pl.lit('"')]).fill_null("")


def pair(name: str) -> pl.Expr:
    value = pl.col(name).str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\""', literal=True)
    if name.startswith("ChargePeriod"):
        value = pl.when(timed(name)).then(pl.col(name))
    return pl.concat_str([pl.lit(f'""{name}"":""'), value, pl.lit('""')])


def timed(name: str) -> pl.Expr:
    return ~pl.col(name).str.slice(11, 8).is_in(["", "00:00:00"])


def lines() -> pl.Expr:
    others = [name for name in FOCUS_1_2 if name not in CONSUMED or name.startswith("ChargePeriod")]
    day = pl.col("ChargePeriodEnd").str.slice(0, 10)
    licence = (pl.col("ChargeCategory") == "Purchase") & pl.col("ChargeFrequency").is_in(["Recurring", "One-Time"])
    before = day.str.to_date("%Y-%m-%d").dt.offset_by("-1d").cast(pl.String)
    cells = [
        pl.when(licence).then(pl.lit("licence")).otherwise(pl.lit("usage")),
        pl.col("ChargeCategory").str.to_lowercase(),
        quoted(pl.coalesce("SubAccountId", "BillingAccountId")),
        quoted(pl.coalesce("SkuId", "ServiceName")),
        pl.lit(""),
        pl.col("ChargePeriodStart").str.slice(0, 10),
        pl.when(timed("ChargePeriodEnd")).then(day).otherwise(before),
        plain(pl.coalesce("PricingQuantity", "ConsumedQuantity")),
        quoted(pl.coalesce("PricingUnit", "ConsumedUnit")),
        plain(pl.coalesce("ContractedUnitPrice", "ListUnitPrice")),
        plain(pl.col("BilledCost")),
        pl.lit(""),
        pl.col("BillingCurrency"),
        pl.concat_str(
            [pl.lit('"{'), pl.concat_str([pair(n) for n in others], separator=",", ignore_nulls=True), pl.lit('}"\n')]
        ),
    ]
    return pl.concat_str([pl.col("number").cast(pl.String), *cells], separator=",")


def run(path: Path) -> tuple[int, Decimal, str]:
    frame = pl.scan_csv(path, infer_schema=False, null_values=["", "NULL"], row_index_name="number", row_index_offset=1)
    wanted = frame.select(lines().alias("line"), pl.col("BilledCost").str.to_decimal(scale=15).alias("amount"))
    count, total, whole = 0, Decimal(0), hashlib.sha256()
    for batch in wanted.collect_batches(chunk_size=ROWS, maintain_order=True):
        for part in batch.iter_slices(ROWS):
            count += len(part)
            total = EXACT.add(total, part["amount"].sum())
            whole.update(hashlib.sha256("".join(part["line"].to_list()).encode()).digest())
    return count, total, whole.hexdigest()
