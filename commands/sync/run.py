"""Run a sync, by hand or of a day: provider by provider, invoice by invoice; a failure of one stops no other."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from commands.operations.work import Ended, GiveBack, Work
from commands.ports.operations import Item
from commands.ports.provider_files import ListNotFetched, OfferedInvoice, ProviderConnection
from commands.ports.reference import KnownProvider
from commands.sync.adjusting import retry_adjustments
from commands.sync.desk import SyncDesk, passing
from commands.sync.invoice import Wish, sync_invoice
from commands.sync.lists import ask
from commands.sync.outcome import href_of, item_name
from commands.sync.record import SyncRecord
from domain.identity import normal, provider_invoice_stream
from domain.provider_invoice.checksum import Override
from domain.provider_invoice.state import fold
from domain.rejected import Rejected


@dataclass(frozen=True, slots=True)
class SyncHandler:
    """The handler of operations of kind `provider-sync`. `report` is told of errors that nobody foresaw."""

    desk: SyncDesk
    report: Callable[[Exception], None]

    async def __call__(self, work: Work) -> Ended:
        """Do all that is not done yet."""
        given = work.input
        provider, number = given.get("provider"), given.get("invoice_number")
        record = SyncRecord(
            self.desk.invoices.store,
            work,
            date.fromisoformat(given["day"]),
            provider,
            bool(given["manual"]),
            number,
        )
        await record.started()
        run = _Run(self.desk, work, record, self.report)
        wish = Wish(manual=number is not None, override=_override(given.get("override_checksum")))
        lists_failed = 0
        for known in await self._providers(provider):
            lists_failed += not await run.provider(known, number, wish)
            if work.signals.cancelled:
                break
        items = list((await work.finished()).values())
        ended = await record.ended(items)
        if work.signals.cancelled:
            return Ended("cancelled", f"It was cancelled; {len(items)} invoices had been looked at.")
        refused = sum(item.outcome == "refused" for item in items)
        said = f"{ended.imported} imported, {ended.failed - refused} failed, {ended.changed} changed, "
        said += f"{ended.unchanged} unchanged"
        said += f", {refused} refused" if refused else ""
        said += f"; {lists_failed} lists could not be fetched" if lists_failed else ""
        failed = lists_failed and provider is not None
        return Ended("failed" if failed else "done", f"{said}.")

    async def _providers(self, code: str | None) -> list[KnownProvider]:
        if code is None:
            return [p for p in await self.desk.invoices.reference.providers() if p.body.synced_daily]
        known = await self.desk.invoices.reference.provider(code)
        return [known] if known is not None else []


@dataclass(frozen=True, slots=True)
class _Run:
    desk: SyncDesk
    work: Work
    record: SyncRecord
    report: Callable[[Exception], None]

    async def provider(self, known: KnownProvider, number: str | None, wish: Wish) -> bool:
        """Whether its list could be had."""
        code = known.body.code
        try:
            connection, listed = await ask(self.desk, known, self.work.now())
        except ListNotFetched as error:
            await self.record.list_failed(code, error.message)
            return False
        except Rejected as error:
            await self.record.list_failed(code, error.detail)
            return False
        except Exception as error:  # noqa: BLE001 -- see _expect_lasting
            self._expect_lasting(error)
            self.report(error)
            await self.record.list_failed(code, f"The list could not be fetched: {type(error).__name__}.")
            return False
        wanted = [o for o in listed if number is None or normal(o.number) == number]
        if number is not None and not wanted:
            await self._not_listed(code, number)
        finished = await self.work.finished()
        todo = [o for o in wanted if item_name(code, o.number) not in finished]
        if self.work.operation.unit == "items":
            await self.work.operations.expect(self.work.hold, len(finished) + len(todo))
        for offered in todo:
            if self.work.signals.cancelled:
                break
            if self.work.signals.draining:
                raise GiveBack("The worker stopped; another one goes on.")
            await self._invoice(known, connection, offered, wish)
        return True

    async def _invoice(
        self, known: KnownProvider, connection: ProviderConnection, offered: OfferedInvoice, wish: Wish
    ) -> None:
        try:
            await sync_invoice(self.desk, self.work, known, connection, offered, wish)
            history = await self.desk.invoices.store.load(provider_invoice_stream(known.body.code, offered.number))
            state = fold(history.facts)
            if state is not None and state.adjustments and not wish.manual:
                await retry_adjustments(self.desk, self.work, state)
        except Exception as error:  # noqa: BLE001 -- see _expect_lasting
            self._expect_lasting(error)
            self.report(error)
            detail = f"An error that nobody foresaw ({type(error).__name__}); it is in the worker's log."
            await self._put(known.body.code, offered.number, "failed", detail)

    def _expect_lasting(self, error: Exception) -> None:
        """One thing's trouble must not cost the others their sync; but what will pass is waited for."""
        if passing(error) or self.desk.passes(error):
            raise error

    async def _not_listed(self, code: str, number: str) -> None:
        await self._put(code, number, "refused", f"{code} lists no invoice {number}: look at its list.")

    async def _put(self, code: str, number: str, outcome: str, detail: str) -> None:
        href = href_of(provider_invoice_stream(code, number).id)
        await self.work.put(Item(item_name(code, number), outcome, detail, href))


def _override(given: Any) -> Override | None:  # noqa: ANN401 -- an operation's input is plain JSON
    if given is None:
        return None
    difference = given.get("difference")
    return Override(given["reason"], None if difference is None else Decimal(difference))
