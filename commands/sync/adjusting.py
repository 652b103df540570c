"""Import an adjustment, which no provider lists: its files were fetched when it began."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from commands.operations.work import Ended, GiveBack, Work
from commands.provider_invoice.desk import load
from commands.sync.desk import SyncDesk
from commands.sync.importing import Importing

IMPORT_INVOICE: Final = "import-invoice"
"""A kind of operation: take an invoice's populating attempt to its end. Input: provider_invoice."""


@dataclass(frozen=True, slots=True)
class ImportInvoiceHandler:
    """The handler of operations of kind `import-invoice`."""

    desk: SyncDesk

    async def __call__(self, work: Work) -> Ended:
        """Fill and conclude the attempt, from wherever it is."""
        invoice = UUID(work.input["provider_invoice"])
        state = (await load(self.desk.invoices, invoice)).state
        if state.status != "populating":
            return Ended("done", f"{state.number} is {state.status}.")
        run = await self.desk.imports.begin(
            invoice, state.provider, state.number, work.hold, self.desk.lease_seconds, work.now()
        )
        if run is None:
            raise GiveBack("Another operation is importing it.", seconds=1.0)
        try:
            item = await Importing(self.desk, work, state.provider, state.number).fill_and_conclude(None, run.losses)
        finally:
            await self.desk.imports.leave(invoice, work.hold)
        return Ended("done" if item.outcome == "imported" else "failed", item.detail or item.outcome)
