"""Adjust an active invoice: what the provider changed becomes a provider invoice of its own, linked both ways."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from commands.handling import Decided, Done, expect_version, settle
from commands.operations.request import new_operation
from commands.origin import Origin
from commands.ports.event_store import Rows, Save, Write
from commands.ports.imports import AwaitImport
from commands.ports.operations import NewOperation
from commands.ports.provider_files import ListNotFetched
from commands.provider_invoice.desk import Answering, InvoiceDesk, Loaded, Outcome, load, provider_of
from commands.provider_invoice.reading import file_refused
from commands.provider_invoice.used import with_usage
from commands.sync.adjusting import IMPORT_INVOICE
from commands.sync.desk import SyncDesk
from commands.sync.files import Fetched, fetch_files
from commands.sync.invoice import header_of
from commands.sync.lists import ask
from domain.fact import Fact
from domain.identity import normal, provider_invoice_stream
from domain.money import add, fixed, less
from domain.provider_invoice import changes
from domain.provider_invoice.parts import Header
from domain.provider_invoice.state import ProviderInvoice, fold
from domain.rejected import Rejected

_NOTHING_FETCHED = Fetched((), ())


@dataclass(frozen=True, slots=True)
class _New:
    """What the provider has now: a header over the whole of it, and its files, if it serves files."""

    header: Header
    revision: str | None = None
    fetched: Fetched = _NOTHING_FETCHED


@dataclass(frozen=True, slots=True)
class _Others:
    """Earlier adjustments: what the active ones add up to, and the one that is under way, if any."""

    billed: Decimal
    unfinished: Loaded | None


async def adjust(
    desk: SyncDesk,
    origin: Origin,
    invoice: UUID,
    *,
    total: Decimal | None = None,
    expected: int | None = None,
    answer: Answering = None,
) -> Done[Outcome]:
    """The outcome is the adjustment's: `NUMBER~r2`, over new minus old.

    Automatic: the provider's present files are fetched and an operation imports them; `total`, if given, must be what
    the provider lists. Manual: `total` is the corrected invoice's and is needed; the adjustment waits for the lines of
    the corrected invoice, whole, and its activation turns them into the difference. Asking again for what is under way
    changes nothing. Rejected `no-open-change`, `not-active`, `adjustment-open`, `not-listed`, `total-missing` ...
    """

    async def decide() -> Decided[Outcome]:
        loaded = await load(desk.invoices, invoice)
        expect_version(loaded.history.version, expected)
        known = changes.adjusted_already(loaded.state)
        if known is not None:
            there = await load(desk.invoices, known)
            if there.state.status == "deleted":
                raise Rejected(
                    "adjustment-deleted", f"{there.state.number} is deleted: sync it by its number to have it again."
                )
            found = Outcome(known, there.history.version, there.state, changed=False)
            return Decided(None, await with_usage(desk.invoices, found))
        others = await _others(desk.invoices, loaded)
        automatic = loaded.state.source == "automatic"
        if others.unfinished is not None and loaded.state.status == "active":
            return Decided(None, _same(loaded, others.unfinished, total, others.billed))
        changes.expect_adjustable(loaded.state)
        new = await _listed(desk, origin, loaded, total) if automatic else _typed(loaded, total)
        return await _begin(desk.invoices, origin, loaded, new, others.billed)

    return await settle(desk.invoices.store, origin, decide, answer)


async def _begin(desk: InvoiceDesk, origin: Origin, loaded: Loaded, new: _New, billed: Decimal) -> Decided[Outcome]:
    """Link both in one transaction; `billed` is what is billed already beyond the invoice itself."""
    stream = provider_invoice_stream(loaded.state.provider, changes.adjustment_number(loaded.state))
    history = await desk.store.load(stream)
    if history.version:
        raise Rejected(
            "provider-invoice-exists",
            f"{changes.adjustment_number(loaded.state)} is there and is no adjustment of {loaded.state.number}.",
        )
    before: list[Fact] = []
    state = loaded.state
    if state.source == "automatic":
        before = changes.check_change(state, new.revision, new.header.total, new.header.currency)
        state = fold([*loaded.history.facts, *before]) or state
    header = _with_total(new.header, less(new.header.total, state.header.total, billed))
    adjusted, begun = changes.adjust(
        state, loaded.id, stream.id, header, new.revision, new.fetched.files, total=new.header.total
    )
    rows: tuple[Rows, ...] = new.fetched.mappings
    operation = None
    if state.source == "automatic":
        given = {"provider_invoice": str(stream.id), "attempt": 1}
        work = new_operation(origin, kind=IMPORT_INVOICE, key=str(stream.id), input=given, unit="lines")
        awaited = AwaitImport(stream.id, state.provider, changes.adjustment_number(loaded.state), 1, origin.now)
        operation, rows = work.id, (*rows, awaited, NewOperation(work))
    writes = (Write(loaded.history, (*before, adjusted)), Write(history, (begun,)))
    outcome = Outcome(stream.id, 1, _begun(begun), created=True, operation=operation)
    return Decided(Save(origin=origin, writes=writes, rows=rows), outcome)


async def _listed(desk: SyncDesk, origin: Origin, loaded: Loaded, total: Decimal | None) -> _New:
    """What the provider lists and serves now, fetched."""
    state = loaded.state
    provider = await provider_of(desk.invoices, state.provider)
    try:
        connection, listed = await ask(desk, provider, origin.now)
    except ListNotFetched as error:
        raise Rejected("list-not-fetched", error.message) from error
    offered = next((o for o in listed if normal(o.number) == state.number), None)
    if offered is None:
        raise Rejected("not-listed", f"{state.provider} does not list {state.number} any more: nothing to adjust to.")
    header = header_of(offered)
    if header.currency != state.header.currency:
        raise Rejected(
            "currency-changed",
            f"{state.provider} lists {state.number} in {header.currency}, it was imported in {state.header.currency}: "
            "deactivate it and sync it again.",
        )
    if (offered.revision, header.total, None) == state.imported:
        raise Rejected(
            "no-open-change",
            f"{state.provider} lists {state.number} as it was imported or adjusted to: nothing to adjust.",
        )
    if total is not None and total != header.total:
        raise Rejected(
            "total-differs",
            f"{state.provider} lists {state.number} with {fixed(header.total, header.currency)} {header.currency}.",
        )
    fetched = await fetch_files(desk.invoices, connection, offered, provider.body.mapping)
    if fetched.refused is not None:
        raise file_refused(fetched.refused) from fetched.refused
    return _New(header, offered.revision, fetched)


def _typed(loaded: Loaded, total: Decimal | None) -> _New:
    """What a person says the corrected invoice's total is."""
    if total is None:
        raise Rejected(
            "total-missing",
            f"Say the corrected total of {loaded.state.number} in {loaded.state.header.currency}: `total`.",
            kind="invalid",
        )
    return _New(_with_total(loaded.state.header, total))


async def _others(desk: InvoiceDesk, loaded: Loaded) -> _Others:
    billed, unfinished = Decimal(0), None
    for adjustment in loaded.state.adjustments:
        other = await load(desk, adjustment)
        if other.state.adjusts != loaded.id:  # deleted, and its number typed in again as an invoice of its own
            continue
        if other.state.status == "active":
            billed = add(billed, other.state.header.total)
        elif other.state.status in {"populating", "error"}:
            unfinished = other
    return _Others(billed, unfinished)


def _same(loaded: Loaded, unfinished: Loaded, total: Decimal | None, billed: Decimal) -> Outcome:
    """The adjustment that is under way, if it is what is asked for again."""
    header = unfinished.state.header
    wanted = None if total is None else less(total, loaded.state.header.total, billed)
    if loaded.state.source == "manual" and wanted != header.total:
        raise Rejected(
            "adjustment-open",
            f"{unfinished.state.number} over {fixed(header.total, header.currency)} {header.currency} is "
            f"{unfinished.state.status}: activate or delete it first.",
        )
    return Outcome(unfinished.id, unfinished.history.version, unfinished.state, changed=False)


def _with_total(header: Header, total: Decimal) -> Header:
    """The header with another total, checked as any is."""
    return Header.model_validate({**header.model_dump(), "total": total})


def _begun(fact: Fact) -> ProviderInvoice:
    state = fold([fact])
    if state is None:
        raise TypeError("an invoice that begins has a state")
    return state
