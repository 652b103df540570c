"""`ledgerline verify`: everything that can be recomputed, recomputed; each check with its figures and findings."""

import asyncio
from collections.abc import Callable, Iterator

from adapters.event_store.verify import Verification
from adapters.event_store.verify import verify as verify_chains
from adapters.verifying import KeptTables, StoredContracts, StoredPlaces
from commands.billing_contract.billing_desk import ContractBilling
from commands.billing_contract.verify_ledger import ledger_check
from commands.customer_invoice.certificate import check_numbers
from commands.customer_invoice.rerun import run_all_again
from commands.customer_invoice.verify_holdings import holdings_check
from commands.provider_invoice.usage import leak_check
from commands.provider_invoice.verify_lines import digest_check
from commands.purchases.verify import purchase_check
from domain.money import plain
from services.findings import MOST, Check, Findings
from services.projector import verify_read_models
from services.settings import Settings
from services.wiring import open_parts

Progress = Callable[[int, int], None]


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
    yield from asyncio.run(_holdings(url, settings, progress))
    yield from asyncio.run(_kept_tables(url, settings, progress))
    yield asyncio.run(_contracts(url, settings))
    if recalculate:
        yield asyncio.run(_calculations(url, settings, progress))
    yield _read_models(url, progress)


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)


def _chains(url: str, noted: tuple[int, str] | None, progress: Progress | None) -> Check:
    result = Verification()
    for result in verify_chains(url, noted=noted):
        _tell(progress, result.done, result.total)
    return Check(
        "hash chains",
        f"{result.events:,} events in {result.streams:,} streams, anchor {result.position}:{result.anchor}",
        tuple(str(f) for f in result.findings),
    )


async def _lines(url: str, settings: Settings) -> list[Check]:
    async with open_parts(settings, database_url=url) as parts:
        chunks, rows = 0, 0
        wrong, leaks = Findings(), Findings()
        async for checked in digest_check(parts.invoices):
            chunks, rows = chunks + 1, rows + checked.chunk.rows
            if not checked.sound:
                wrong.add(
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
        batches, rows_wrong = 0, Findings()
        async for found in purchase_check(parts.billing):
            batches += 1
            rows_wrong.add(found)
    return [
        Check("line digests", f"{rows:,} lines in {chunks:,} chunks", wrong.kept),
        Check(
            "invoice numbers", f"{numbers.numbers:,} numbers in {numbers.series:,} series and years", numbers.findings
        ),
        Check("purchases", f"{batches:,} batches of posted purchases", rows_wrong.kept),
        Check("leak check", f"{customers:,} customers of {invoices:,} active provider invoices", leaks.kept),
    ]


async def _holdings(url: str, settings: Settings, progress: Progress | None) -> list[Check]:
    """What invoices hold, beside purchases' places and beside offers; and purchases that are nowhere."""
    invoices = batches = parts_of_offers = 0
    places, offers = Findings(), Findings()
    async with open_parts(settings, database_url=url) as parts:
        port = StoredPlaces(parts.pool)
        lost, how_many = await port.lost(MOST)
        for one in lost:
            where = f" on {one.destination}" if one.destination else ""
            places.add(f"purchase {one.key} of {one.customer} is nowhere: {one.state}{where}")
        places.more += how_many - len(lost)
        total = await port.invoice_count()
        async for held in holdings_check(parts.store, port):
            invoices += held.invoices
            batches += held.batches
            parts_of_offers += held.parts
            places.extend(held.places)
            offers.extend(held.offers)
            _tell(progress, invoices, total)
    return [
        Check("places of purchases", f"{batches:,} batches on {invoices:,} customer invoices", places.kept),
        Check("invoices' lines beside offers", f"{parts_of_offers:,} parts of offers on invoices", offers.kept),
    ]


async def _kept_tables(url: str, settings: Settings, progress: Progress | None) -> list[Check]:
    """Tables that triggers keep, beside what they are kept from."""
    rows, wrong = 0, Findings()
    async with open_parts(settings, database_url=url) as parts:
        tables = KeptTables(parts.pool)
        kinds = await tables.reference_kinds()
        done = 0
        async for unlike in tables.reference(kinds):
            rows, done = rows + unlike.rows, done + 1
            wrong.extend(unlike.findings)
            _tell(progress, done, len(kinds))
        counts = await tables.counts()
    return [
        Check("reference data as it is now", f"{rows:,} pieces beside their events", wrong.kept),
        Check("counts of the invoice list", f"{counts.rows:,} counts beside the list", counts.findings),
    ]


async def _contracts(url: str, settings: Settings) -> Check:
    """When contracts are due, and their transactions, beside their streams; each is on one billing's invoices."""
    contracts = transactions = 0
    wrong = Findings()
    async with open_parts(settings, database_url=url) as parts:
        desk = ContractBilling(parts.calculation, parts.invoicing.ledger)
        async for found in ledger_check(desk, StoredContracts(parts.pool)):
            contracts += found.contracts
            transactions += found.transactions
            wrong.extend(found.findings)
    return Check("ledger of contracts", f"{transactions:,} transactions of {contracts:,} contracts", wrong.kept)


async def _calculations(url: str, settings: Settings, progress: Progress | None) -> Check:
    """Every calculation ever stored, with the purchases and the reference data that it saw."""
    count, wrong, gone = 0, Findings(), Findings()
    async with open_parts(settings, database_url=url) as parts:
        total = await StoredPlaces(parts.pool).calculation_count()
        async for reruns in run_all_again(parts.calculation, parts.past_reference, parts.billing.purchases):
            for rerun in reruns:
                name = f"{rerun.reference}, calculation {rerun.calculation}"
                if not rerun.possible:
                    gone.add(f"{name}, can't be run again: {rerun.why}")
                    continue
                count += 1
                if not rerun.sound:
                    wrong.add(f"{name}: {rerun.why or 'run again, it comes to other bytes than were stored'}")
            _tell(progress, count + gone.count, total)
    left = f"; {gone.count:,} can't be" if gone.count else ""
    return Check("calculations", f"{count:,} run again with their recorded inputs{left}", wrong.kept, gone.kept)


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
