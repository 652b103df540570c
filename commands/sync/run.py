"""Run a sync, by hand or of a day: provider by provider, invoice by invoice; a failure of one stops no other."""

from collections.abc import Callable, Mapping, Sequence
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
        run = _Run(self.desk, work, record, self.report, await work.finished())
        wish = Wish(manual=number is not None, override=_override(given.get("override_checksum")))
        problems: list[str] = []
        for known in await self._providers(provider):
            problem = await run.provider(known, number, wish)
            problems += [problem] if problem is not None else []
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
        if problems and provider is not None:
            return Ended("failed", problems[0])
        said += f"; lists that could not be fetched: {len(problems)}" if problems else ""
        return Ended("done", f"{said}.")

    async def _providers(self, code: str | None) -> list[KnownProvider]:
        if code is None:
            return [p for p in await self.desk.invoices.reference.providers() if p.body.synced_daily]
        known = await self.desk.invoices.reference.provider(code)
        return [known] if known is not None else []


@dataclass(slots=True)
class _Run:
    desk: SyncDesk
    work: Work
    record: SyncRecord
    report: Callable[[Exception], None]
    finished: Mapping[str, Item]
    """What ended before this worker took the operation."""
    more: int = 0
    """What the lists had beside that so far."""

    async def provider(self, known: KnownProvider, number: str | None, wish: Wish) -> str | None:
        """Sync its invoices, or the one; why its list could not be had, None when it could."""
        code = known.body.code
        try:
            connection, listed = await ask(self.desk, known, self.work.now())
        except ListNotFetched as error:
            problem = error.message
        except Rejected as error:
            problem = error.detail
        except Exception as error:  # noqa: BLE001 -- see _expect_lasting
            self._expect_lasting(error)
            self.report(error)
            problem = f"The list could not be fetched: {type(error).__name__}."
        else:
            await self._listed(known, connection, listed, number, wish)
            return None
        await self.record.list_failed(code, problem)
        return problem

    async def _listed(
        self,
        known: KnownProvider,
        connection: ProviderConnection,
        listed: Sequence[OfferedInvoice],
        number: str | None,
        wish: Wish,
    ) -> None:
        code = known.body.code
        wanted = [o for o in listed if number is None or normal(o.number) == number]
        if number is not None and not wanted:
            await self._not_listed(code, number)
        todo = [o for o in wanted if item_name(code, o.number) not in self.finished]
        if self.work.operation.unit == "items":
            self.more += len(todo)
            await self.work.operations.expect(self.work.hold, len(self.finished) + self.more)
        for offered in todo:
            if self.work.signals.cancelled:
                break
            if self.work.signals.draining:
                raise GiveBack("The worker stopped; another one goes on.")
            await self._invoice(known, connection, offered, wish)

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
