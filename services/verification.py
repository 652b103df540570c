"""`ledgerline verify`: everything that can be recomputed, recomputed; each check with its figures and findings."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from adapters.event_store.verify import Verification
from adapters.event_store.verify import verify as verify_chains
from commands.customer_invoice.certificate import check_numbers
from commands.customer_invoice.rerun import run_all_again
from commands.provider_invoice.usage import leak_check
from commands.provider_invoice.verify_lines import digest_check
from commands.purchases.verify import purchase_check
from domain.money import plain
from services.projector import verify_read_models
from services.settings import Settings
from services.wiring import open_parts

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was looked at, and what was found wrong; no finding is what one hopes for."""

    name: str
    figures: str
    findings: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Nothing was found."""
        return not self.findings

    def document(self) -> dict[str, Any]:
        """For machines."""
        return {"check": self.name, "sound": self.sound, "figures": self.figures, "findings": list(self.findings)}


def verify_everything(
    url: str,
    settings: Settings,
    *,
    noted: tuple[int, str] | None = None,
    progress: Progress | None = None,
    recalculate: bool = False,
) -> Iterator[Check]:
    """All checks, each as it is done; calculations are run again only with `recalculate`."""
    yield _chains(url, noted, progress)
    yield from asyncio.run(_lines(url, settings))
    if recalculate:
        yield asyncio.run(_calculations(url, settings))
    yield _read_models(url, progress)


def _chains(url: str, noted: tuple[int, str] | None, progress: Progress | None) -> Check:
    result = Verification()
    for result in verify_chains(url, noted=noted):
        if progress is not None:
            progress(result.done, result.total)
    return Check(
        "hash chains",
        f"{result.events:,} events in {result.streams:,} streams, anchor {result.position}:{result.anchor}",
        tuple(str(f) for f in result.findings),
    )


async def _lines(url: str, settings: Settings) -> list[Check]:
    async with open_parts(settings, database_url=url) as parts:
        chunks, rows = 0, 0
        wrong: list[str] = []
        leaks: list[str] = []
        async for checked in digest_check(parts.invoices):
            chunks, rows = chunks + 1, rows + checked.chunk.rows
            if not checked.sound:
                wrong.append(
                    f"{checked.invoice_number}, attempt {checked.attempt}, lines {checked.chunk.first_line} to "
                    f"{checked.chunk.last_line}: the stored lines have another digest than their event"
                )
        invoices, customers = 0, 0
        async for sums in leak_check(parts.invoices):
            invoices, customers = invoices + 1, customers + len(sums.customers)
            leaks.extend(
                f"{sums.provider} {sums.invoice_number}, {c.customer or 'no customer'}: {plain(c.difference)} leaked"
                for c in sums.leaks
            )
        numbers = await check_numbers(parts.store)
        batches = [found async for found in purchase_check(parts.billing)]
    return [
        Check("line digests", f"{rows:,} lines in {chunks:,} chunks", tuple(wrong)),
        Check(
            "invoice numbers", f"{numbers.numbers:,} numbers in {numbers.series:,} series and years", numbers.findings
        ),
        Check("purchases", f"{len(batches):,} batches of posted purchases", tuple(b for b in batches if b is not None)),
        Check("leak check", f"{customers:,} customers of {invoices:,} active provider invoices", tuple(leaks)),
    ]


async def _calculations(url: str, settings: Settings) -> Check:
    """Every invoice's last calculation, with the purchases and the reference data that it saw."""
    count, wrong = 0, []
    async with open_parts(settings, database_url=url) as parts:
        async for rerun in run_all_again(parts.calculation, parts.past_reference):
            count += 1
            if not rerun.sound:
                wrong.append(f"{rerun.reference}: {rerun.why or 'run again, it comes to other bytes than were stored'}")
    return Check("calculations", f"{count:,} run again with their recorded inputs", tuple(wrong))


def _read_models(url: str, progress: Progress | None) -> Check:
    differences = verify_read_models(url, progress)
    return Check(
        "read models equal a replay",
        "every table, row by row",
        tuple(
            f"{d.table}: {d.differing} of {d.replayed} rows differ, such as "
            + ", ".join(f"{key} ({what})" for key, what in d.keys[:3])
            for d in differences
        ),
    )
