"""Bulk approval with numbers: invoices a second, and the cost of one as there are more, on a server with fsync on.

    python -m benchmarks.approvals [--sizes 100,1000,10000] [--profile]

Invoices are open, each with ten items; customers have names that are encrypted, and are served by the built-in process.
One bulk a size, on the same store, so that later ones find more that was numbered before. Exit code 1 below the goal.
"""

import argparse
import asyncio
import cProfile
import os
import pstats
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import uvloop
from rich.console import Console
from rich.table import Table

from commands.customer_invoice.approve_many import approve_many
from commands.customer_invoice.certificate import certify
from commands.origin import Origin
from commands.ports.event_store import Save, Write
from commands.reference.save import save
from domain.customer_invoice.calculation_events import Calculated, ItemValue
from domain.customer_invoice.events import CustomerInvoiceCreated
from domain.fact import Fact
from domain.identity import ad_hoc_invoice_stream
from domain.reference.decisions import parse
from domain.reference.kinds import KINDS
from services.settings import load_settings
from services.wiring import Parts, open_parts

GOAL = 1000
GOAL_SIZE = 10_000
WARM_UP = 1000
FLAT = 1.5
"""The dearest size may take so many times the processor time of the cheapest, a thousand and more."""
CUSTOMERS = 1000
ITEMS = tuple(
    ItemValue(
        id=f"{n:032x}",
        kind="price",
        product=f"P{n}",
        rule="R",
        rule_version=1,
        quantity=Decimal(n + 1),
        unit="h",
        amount=Decimal("12.34"),
        cost=Decimal("10.5"),
        lines=10,
    )
    for n in range(10)
)


def origin() -> Origin:
    now = datetime(2026, 3, 5, 12, tzinfo=UTC)
    return Origin(uuid4(), "ann", now, now.date(), "UTC", "bench")


def facts(reference: str, customer: str, seen: int) -> tuple[Fact, ...]:
    """Of an open invoice; `seen`: up to where its calculation has seen customers and prices."""
    names = {"reference": reference, "customer": customer, "currency": "EUR"}
    began = CustomerInvoiceCreated(
        **names,
        customer_id=UUID(int=1),
        invoice_type="ad_hoc",
        invoice_date=date(2026, 3, 1),
        period_from=date(2026, 2, 1),
        period_to=date(2026, 2, 28),
    )
    calculated = Calculated(
        **names,
        calculation=1,
        through=1,
        reference_position=seen,
        items=ITEMS,
        item_count=10,
        revenue_total=Decimal("123.40"),
        cost_total=Decimal("105.0"),
        inputs=(),
        digest="d" * 64,
    )
    return began, calculated


async def reference(parts: Parts) -> None:
    body = {"code": "finance", "name": "Finance", "members": ["ann"], "invoice_approval": True}
    await save(parts.desk, origin(), KINDS["group"], parse(KINDS["group"], body))
    for start in range(0, CUSTOMERS, 100):
        customers = ({"code": f"C{n}", "name": f"Customer {n}"} for n in range(start, start + 100))
        await asyncio.gather(
            *(save(parts.desk, origin(), KINDS["customer"], parse(KINDS["customer"], c)) for c in customers)
        )


async def invoices(parts: Parts, prefix: str, count: int) -> list[UUID]:
    made, seen = [], await parts.store.head()
    for start in range(0, count, 500):
        streams = {ad_hoc_invoice_stream(f"{prefix}-{n}"): n for n in range(start, min(start + 500, count))}
        histories = await parts.store.load_many(list(streams))
        writes = tuple(
            Write(histories[stream], facts(f"{prefix}-{n}", f"C{n % CUSTOMERS}", seen)) for stream, n in streams.items()
        )
        await parts.store.append(Save(origin(), writes))
        made += [stream.id for stream in streams]
    return made


async def measure(sizes: list[int], *, profile: bool) -> int:
    with tempfile.TemporaryDirectory(prefix="bench", dir="/tmp") as folder:
        async with open_parts(load_settings(data=Path(folder) / "d")) as parts:
            await reference(parts)
            found: dict[int, tuple[float, float]] = {}
            for number, size in enumerate([WARM_UP, *sizes]):  # the first warms up
                made = await invoices(parts, f"B{number}", size)
                watch = cProfile.Profile()
                if profile and number:
                    watch.enable()
                started, cpu = time.perf_counter(), time.process_time()
                results = await approve_many(parts.invoicing, origin(), made)
                seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
                if profile and number:
                    watch.disable()
                    pstats.Stats(watch).sort_stats("tottime").print_stats(25)
                assert all(r.refused is None for r in results), next(r for r in results if r.refused)
                if number:
                    found[size] = seconds, cpu
                print(
                    f"{size:>7,}: {size / seconds:7,.0f}/s, {cpu / size * 1e6:.0f} us of this process each", flush=True
                )
            proof = (await certify(parts.store, "default", 2026, limit=0)).recount
    assert proof.sound
    assert proof.count == sum(sizes) + WARM_UP
    return report(found)


def report(found: dict[int, tuple[float, float]]) -> int:
    table = Table(
        "invoices", "seconds", "a second", "us each", "us of the processor", title="Bulk approval with numbers"
    )
    for size, (seconds, cpu) in found.items():
        each = f"{seconds / size * 1e6:,.0f}", f"{cpu / size * 1e6:,.0f}"
        table.add_row(f"{size:,}", f"{seconds:.2f}", f"{size / seconds:,.0f}", *each)
    Console().print(table)
    costs = [cpu / size for size, (_, cpu) in found.items() if size >= 1000]
    flat = max(costs) / min(costs) <= FLAT if costs else True
    quick = all(size / seconds >= GOAL for size, (seconds, _) in found.items() if size == GOAL_SIZE)
    print(f"goal {GOAL:,}/s at {GOAL_SIZE:,}: {'met' if quick else 'MISSED'}; flat: {'yes' if flat else 'NO'}")
    return int(not (quick and flat))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="100,1000,10000,30000")
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",")]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measure(sizes, profile=given.profile))


if __name__ == "__main__":
    os.environ.setdefault("LEDGERLINE_LOG_LEVEL", "warning")
    sys.exit(main())
