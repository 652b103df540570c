"""Queries of the import summaries: figures are summed when asked for."""

from collections import defaultdict
from datetime import date
from typing import Any, Final

from psycopg import sql

from adapters.read_models.cursors import checked
from adapters.read_models.reading import Reader, columns, composed
from adapters.sql_files import load_sql
from domain.operations.events import CurrencyTotal, ProviderSummary, SummaryChange, SummaryFailure
from projections.import_summaries.queries import DaySummary
from projections.import_summaries.rows import SummaryMailRow
from projections.paging import Page, PageRequest, encode_cursor

_SQL: Final = load_sql(__package__)
MAILS: Final = composed(_SQL, "mails", columns=columns(SummaryMailRow))
UNSENT: Final = composed(_SQL, "unsent", columns=columns(SummaryMailRow))
MOST_NAMED: Final = 500
"""Failed and changed invoices named a provider and day; the counts are of all."""


class PostgresImportSummaries:
    """See `projections.import_summaries.queries`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(
        self, page: PageRequest, *, provider: str | None = None, from_: date | None = None, to: date | None = None
    ) -> Page[DaySummary]:
        """See the port."""
        cursor = page.after(1)
        after = checked(date.fromisoformat, cursor[0]) if cursor else None
        values = {"provider": provider, "from": from_, "to": to, "after": after}
        found = await self._reader.all(sql.SQL(_SQL["days"]), {**values, "limit": page.limit + 1, "count": page.count})
        days = [day for _, day in found if day is not None]
        more, days = len(days) > page.limit, days[: page.limit]
        summaries = await self._of(days, provider)
        return Page(summaries, encode_cursor((days[-1].isoformat(),)) if more else None, found[0][0])

    async def day(self, day: date, *, provider: str | None = None) -> DaySummary:
        """See the port."""
        return (await self._of([day], provider))[0]

    async def unsent(self) -> list[SummaryMailRow]:
        """See the port."""
        return [SummaryMailRow(*row) for row in await self._reader.all(UNSENT)]

    async def _of(self, days: list[date], provider: str | None) -> list[DaySummary]:
        if not days:
            return []
        values = {"days": days, "provider": provider, "most": MOST_NAMED}
        figures: dict[tuple[date, str], dict[str, Any]] = defaultdict(_nothing)
        for day, name, succeeded, failed, changed in await self._reader.all(sql.SQL(_SQL["counts"]), values):
            figures[day, name] |= {"succeeded": succeeded, "failed_count": failed, "changed_count": changed}
        for day, name, currency, total, invoices in await self._reader.all(sql.SQL(_SQL["totals"]), values):
            figures[day, name]["totals"].append(CurrencyTotal(currency=currency, total=total, invoices=invoices))
        for row in await self._reader.all(sql.SQL(_SQL["named"]), values):
            day, name, sort = row[:3]
            figures[day, name][sort].append(_failure(*row[3:7]) if sort == "failed" else _change(*row[3:5], *row[7:]))
        for day, name, message in await self._reader.all(sql.SQL(_SQL["list_failures"]), values):
            figures[day, name]["list_failures"].append(message)
        mails = {row[1]: SummaryMailRow(*row) for row in await self._reader.all(MAILS, (days,))}
        by_day: dict[date, list[ProviderSummary]] = defaultdict(list)
        for (day, name), found in sorted(figures.items()):
            by_day[day].append(ProviderSummary.model_validate({"provider": name, **found}))
        return [DaySummary(day, tuple(by_day[day]), mails.get(day)) for day in days]


def _nothing() -> dict[str, Any]:
    return {
        "succeeded": 0, "failed": [], "failed_count": 0, "changed": [], "changed_count": 0, "list_failures": [],
        "totals": [],
    }  # fmt: skip


def _failure(invoice: str, number: str, reasons: list[str], messages: list[str]) -> SummaryFailure:
    return SummaryFailure.model_validate(
        {"provider_invoice": invoice, "invoice_number": number, "reasons": reasons, "messages": messages}
    )


def _change(invoice: str, number: str, imported: Any, reported: Any, currency: str) -> SummaryChange:  # noqa: ANN401
    return SummaryChange.model_validate(
        {
            "provider_invoice": invoice,
            "invoice_number": number,
            "imported_total": imported,
            "reported_total": reported,
            "currency": currency,
        }
    )
