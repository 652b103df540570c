"""A page of contracts billed, with the outcome of each in the report; one contract's fault stops no other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from uuid import UUID

from commands.billing_contract.bill_each import UNFORESEEN, Passes, Report, bill_each
from commands.billing_contract.billing_desk import Asked, Billed
from commands.invoice_run.desk import RunDesk, next_try
from commands.operations.work import Work
from commands.ports.event_store import Rows
from commands.ports.invoice_runs import ContractOutcome, DueContract, PutOutcome, RunOutcome
from commands.ports.operations import Item, PutItem
from domain.operations.run_events import RunCause


@dataclass(frozen=True, slots=True)
class Biller:
    """Bills for one operation. `at`: the job's time of day; `known`: the contracts that are looked at.

    `passes` knows errors that say nothing about a contract, such as a database that is away: the operation is given
    back. `report` is told of errors that nobody foresaw.
    """

    desk: RunDesk
    work: Work
    kept: UUID
    cause: RunCause
    at: time
    passes: Passes
    report: Report

    async def bill(
        self, asked: Sequence[Asked], known: Mapping[UUID, DueContract], *, counted: bool = True
    ) -> Sequence[Billed]:
        """Bill them, each with its outcome in the report. `counted`: that is its result in the operation."""

        async def together(some: Sequence[Asked]) -> Sequence[Billed]:
            return await self._bill(some, known, counted=counted)

        billed = await bill_each(together, asked, self.passes, self.report)
        odd = [one for one in billed if one.code == UNFORESEEN]
        await self.tell(odd, {one.contract: one.day for one in asked}, known, counted=counted)
        return billed

    async def _bill(
        self, asked: Sequence[Asked], known: Mapping[UUID, DueContract], *, counted: bool
    ) -> Sequence[Billed]:
        days = {one.contract: one.day for one in asked}

        def rows_of(one: Billed) -> Sequence[Rows]:
            return self._rows(one, days[one.contract], known, counted=counted)

        origin = self.work.origin("bill", str(asked[0].contract), asked[0].day.isoformat())
        billed = await self.desk.bill(origin, asked, cause=self.cause, rows_of=rows_of)
        await self.tell([one for one in billed if one.outcome != "invoiced"], days, known, counted=counted)
        return billed

    async def tell(
        self, billed: Sequence[Billed], days: Mapping[UUID, date], known: Mapping[UUID, DueContract], *, counted: bool
    ) -> None:
        """Outcomes of what made no events; what has one already stays as it is."""
        if billed:
            rows = [self._rows(one, days[one.contract], known, counted=counted) for one in billed]
            await self.desk.runs.put([row for some in rows for row in some])

    async def count(self, contracts: Sequence[UUID]) -> None:
        """Make the outcomes that the report has by now their results in the operation."""
        outcomes = await self.desk.runs.kept(self.kept, contracts)
        await self.desk.runs.put([self._item(one, outcomes[one], None) for one in contracts if one in outcomes])

    def _rows(
        self, one: Billed, day: date, known: Mapping[UUID, DueContract], *, counted: bool
    ) -> "tuple[PutOutcome | PutItem, ...]":
        now = self.work.now()
        about = known.get(one.contract)
        held = one.outcome in ("skipped", "failed")
        outcome = ContractOutcome(
            contract=one.contract,
            number=one.number or (about.number if about is not None else ""),
            day=day,
            outcome=one.outcome,
            code=one.code,
            reason=one.reason,
            next_try=next_try(day, now, self.at, about.zone) if held and about is not None else None,
            invoices=tuple(one.invoices),
            warnings=tuple(one.warnings),
        )
        row = PutOutcome(self.kept, self.work.operation.id, outcome, now)
        return (row, self._item(one.contract, one.outcome, one.reason)) if counted else (row,)

    def _item(self, contract: UUID, outcome: RunOutcome, reason: str | None) -> PutItem:
        return self.work.row(Item(str(contract), outcome, reason, f"/v1/billing-contracts/{contract}"))
