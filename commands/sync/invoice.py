"""Sync one invoice that its provider lists: import it, try it again, look for a change, or leave it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import ValidationError

from commands.handling import Busy
from commands.operations.work import Work
from commands.ports.event_store import Conflict, Save, Write
from commands.ports.imports import EndImport
from commands.ports.operations import Item
from commands.ports.provider_files import Expect, FileRejected, OfferedInvoice, ProviderConnection
from commands.ports.reference import KnownProvider
from commands.provider_invoice.checks import conclude_attempt
from commands.provider_invoice.desk import Loaded
from commands.sync.desk import SyncDesk, passing
from commands.sync.files import Fetched, fetch_files, sources_of
from commands.sync.importing import Importing, Seen
from commands.sync.outcome import href_of, item_name, item_of
from commands.sync.pump import read_through
from domain.fact import Fact
from domain.identity import provider_invoice_stream
from domain.provider_invoice.changes import check_change
from domain.provider_invoice.checksum import Override
from domain.provider_invoice.conclude import fail_import, retried
from domain.provider_invoice.lifecycle import follow_header, plan_sync
from domain.provider_invoice.parts import FileRef, Header
from domain.provider_invoice.populate import started
from domain.provider_invoice.state import ProviderInvoice, evolve, fold
from domain.rejected import Rejected

_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Wish:
    """By whom a sync was asked for: `manual` for one invoice by name, then perhaps with an override."""

    manual: bool = False
    override: Override | None = None


def header_of(offered: OfferedInvoice) -> Header:
    """The header as listed. Rejected `header-invalid` for one that no invoice can have."""
    try:
        return Header(
            invoice_date=offered.date,
            period_from=offered.period_from,
            period_to=offered.period_to,
            currency=offered.currency,
            total=offered.total,
            tax_included=offered.tax_included,
        )
    except ValidationError as error:
        why = "; ".join(item["msg"].removeprefix("Value error, ") for item in error.errors())
        raise Rejected(
            "header-invalid",
            f"The list's entry of {offered.number} can't be used: {why}. Ask the provider to correct it.",
            kind="invalid",
        ) from error


async def sync_invoice(
    desk: SyncDesk,
    work: Work,
    known: KnownProvider,
    connection: ProviderConnection,
    offered: OfferedInvoice,
    wish: Wish,
) -> Item:
    """What became of it; the result is stored already. Twice, or two at once, import nothing twice."""
    sync = _InvoiceSync(desk, work, known, connection, offered, wish)
    for _ in range(_TRIES):
        try:
            return await sync.run()
        except Conflict:
            continue
    raise Busy(f"{offered.number} is being changed by many commands at once.")


class _InvoiceSync:
    def __init__(
        self,
        desk: SyncDesk,
        work: Work,
        known: KnownProvider,
        connection: ProviderConnection,
        offered: OfferedInvoice,
        wish: Wish,
    ) -> None:
        self._desk = desk
        self._work = work
        self._body = known.body
        self._connection = connection
        self._offered = offered
        self._wish = wish
        self._stream = provider_invoice_stream(known.body.code, offered.number)
        self._importing = Importing(desk, work, known.body.code, offered.number)

    async def run(self) -> Item:
        seen = await self._look()
        try:
            header = header_of(self._offered)
            plan = plan_sync(seen.state, manual=self._wish.manual)
        except Rejected as refused:
            return await self._result("refused", refused.detail)
        if plan == "check_change":
            return await self._check_change(seen)
        resumable = seen.state is not None and (seen.state.status, seen.state.source) == ("populating", "automatic")
        if plan == "leave" and not resumable:
            status = seen.state.status if seen.state else ""
            return await self._result("unchanged", f"It is {status}: only a sync of this invoice by hand takes it.")
        run = await self._desk.imports.begin(
            self._stream.id,
            self._body.code,
            self._offered.number,
            self._work.hold,
            self._desk.lease_seconds,
            self._work.now(),
        )
        if run is None:
            outcome = "refused" if self._wish.manual else "unchanged"
            return await self._result(outcome, "Another sync is importing it: look again when that has ended.")
        lost = False
        try:
            return await self._import(header, run.losses)
        except Exception as error:
            lost = not (passing(error) or self._desk.passes(error))  # what fails so fails again: three times at most
            raise
        finally:
            await self._desk.imports.leave(self._stream.id, self._work.hold, lost=lost)

    async def _import(self, header: Header, losses: int) -> Item:
        """Under the lease: what was seen before it may be over."""
        seen = await self._look()
        state = seen.state
        if state is not None and state.status == "populating":
            return await self._importing.fill_and_conclude(self._wish.override, losses)
        try:
            plan = plan_sync(state, manual=self._wish.manual)
            if plan in {"check_change", "leave"}:
                return await self._check_change(seen)
            fetched = await fetch_files(self._desk.invoices, self._connection, self._offered, self._body.mapping)
            files = None if fetched.refused else fetched.files
            plan = plan_sync(state, manual=self._wish.manual, files=files)
        except Rejected as refused:
            return await self._result("refused", refused.detail)
        if state is not None and plan == "retry":
            return await self._retry(seen, state, header)
        if state is not None and plan == "reread":
            failure = fetched.refused or await self._still_unreadable(state.files, header)
            if failure is not None:
                return await self._failed_again(seen, state, header, failure)
        return await self._populate(seen, header, fetched)

    async def _populate(self, seen: Seen, header: Header, fetched: Fetched) -> Item:
        begun: list[Fact] = [
            started(
                seen.state,
                self._body.code,
                self._offered.number,
                header=header,
                source="automatic",
                revision=self._offered.revision,
                files=fetched.files,
                again=seen.state is not None and seen.state.status == "deleted",
            )
        ]
        refused = fetched.refused
        if refused is not None:
            state = fold((*seen.history.facts, *begun))
            assert state is not None  # noqa: S101 -- an attempt has begun
            begun += fail_import(state, refused.code, refused.message)
            return await self._importing.end(seen, begun, *fetched.mappings)
        await self._importing.begin(seen, begun, *fetched.mappings)
        return await self._importing.fill_and_conclude(self._wish.override, 0)

    async def _retry(self, seen: Seen, state: ProviderInvoice, header: Header) -> Item:
        """Another try on the stored lines: active, or one fact that says what fails now."""
        loaded = Loaded(seen.history, replace(state, revision=self._offered.revision))
        begun = follow_header(state, header)
        origin = self._work.origin(str(self._stream), "retry", str(seen.history.version))
        try:
            concluded = await conclude_attempt(
                self._desk.invoices, origin, loaded, begun=begun, override=self._wish.override, retry=True
            )
        except Rejected as refused:
            return await self._result("refused", refused.detail)
        item = item_of(self._body.code, self._offered.number, self._stream.id, concluded.facts)
        await self._desk.invoices.store.append(concluded.save(origin, EndImport(self._stream.id), self._work.row(item)))
        return item

    async def _failed_again(self, seen: Seen, state: ProviderInvoice, header: Header, failure: FileRejected) -> Item:
        begun = follow_header(state, header)
        state = replace(_after(state, begun), revision=self._offered.revision)
        again = retried(state, [("import_failed", failure.message)], code=failure.code)
        return await self._importing.end(seen, [*begun, again])

    async def _still_unreadable(self, files: Sequence[FileRef], header: Header) -> FileRejected | None:
        """Why the files still can't be read; None when they can."""
        try:
            for source in await sources_of(self._desk, files):
                expect = Expect(header.currency, self._offered.number, source.split)
                reading = self._desk.invoices.reader.read(
                    source.kept, mapping=source.mapping, role=source.role, expect=expect
                )
                await read_through(reading)
        except FileRejected as refused:
            return refused
        return None

    async def _check_change(self, seen: Seen) -> Item:
        offered = self._offered
        facts = check_change(seen.state, offered.revision, offered.total, offered.currency) if seen.state else []
        item = item_of(self._body.code, self._offered.number, self._stream.id, facts)
        if not facts:
            await self._work.put(item)
            return item
        origin = self._work.origin(str(self._stream), "check-change", str(seen.history.version))
        save = Save(origin, (Write(seen.history, tuple(facts)),), rows=(self._work.row(item),))
        await self._desk.invoices.store.append(save)
        return item

    async def _look(self) -> Seen:
        history = await self._desk.invoices.store.load(self._stream)
        return Seen(history, fold(history.facts))

    async def _result(self, outcome: str, detail: str) -> Item:
        item = Item(item_name(self._body.code, self._offered.number), outcome, detail, href_of(self._stream.id))
        await self._work.put(item)
        return item


def _after(state: ProviderInvoice, facts: Sequence[Fact]) -> ProviderInvoice:
    for fact in facts:
        state = evolve(state, fact) or state
    return state
