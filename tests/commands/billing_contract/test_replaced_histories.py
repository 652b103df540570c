"""Invoices of a contract are replaced while it is billed: what is billed stays what a count by days comes to.

The stories are those of `test_billed_histories`; here entries are also billed anew while their invoices are open or
approved, and the new invoices are deleted, which leaves all as it was.
"""

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from commands.billing_contract.generate import generate
from commands.customer_invoice.delete import delete
from commands.ports.event_store import Save, Write
from domain.billing_contract.entry import EntryState
from domain.customer_invoice.state import fold
from domain.identity import Stream
from domain.money import add
from domain.rejected import Rejected
from tests.commands.billing_contract.test_billed_histories import HAPPENS, Story, hold
from tests.domain.billing_contract.dates import D
from tests.support.customer_invoices import approved_fact

REFUSED = {"nothing-to-bill", "no-difference"}


def shown(entries: dict[UUID, EntryState]) -> dict[UUID, Any]:
    """What matters of entries, whatever the order that it was told in."""
    return {
        id_: (
            entry.status,
            entry.reason,
            entry.live,
            frozenset(entry.billed),
            frozenset(entry.transactions),
            sorted((part.customer, part.line, part.amount) for part in entry.owed),
        )
        for id_, entry in entries.items()
        if entry.invoices
    }


@dataclass(repr=False)
class Replacing(Story):
    """A story in which invoices are replaced."""

    happens = (*HAPPENS, "replace", "replace", "replace_and_delete", "approve")

    async def entry(self) -> EntryState | None:
        """One that is billed whole."""
        entries = [entry for entry in await self.in_order() if entry.status == "inactive" and entry.live]
        return entries[self.draw(st.integers(0, len(entries) - 1))] if entries else None

    async def in_order(self) -> list[EntryState]:
        """Its entries, in an order that does not depend on their ids."""
        entries = (await self.agreed.entries(self.contract)).values()
        return sorted(entries, key=lambda e: (e.ref.run_date, e.ref.kind, e.ref.line or "", e.ref.name or ""))

    async def anew(self, entry: EntryState) -> list[UUID]:
        named = entry.ref.first if entry.ref.kind == "cycle" else entry.ref.run_date
        with suppress(Rejected):
            done = await generate(self.agreed.billing, self.origin(), self.contract, named, replace=True)
            return [one.id for one in done.outcome.invoices]
        return []

    async def replace(self) -> None:
        entry = await self.entry()
        if entry is not None:
            await self.anew(entry)
            await self.look()

    async def replace_and_delete(self) -> None:
        entry = await self.entry()
        if entry is None:
            return
        before = await self.agreed.entries(self.contract)
        taken = await self.agreed.billing.ledger.taken(self.contract, "work")
        made = await self.anew(entry)
        for n in self.draw(st.permutations(range(len(made)))):
            await delete(self.invoicing, self.origin(), made[n], "as it was")
        after = shown(await self.agreed.entries(self.contract))
        assert {id_: of for id_, of in after.items() if id_ in before and before[id_].invoices} == shown(before)
        assert await self.agreed.billing.ledger.taken(self.contract, "work") == taken

    async def approve(self) -> None:
        store = self.agreed.shop.desk.store
        for one in self.made[:1]:
            history = await store.load(Stream("customer-invoice", one))
            state = fold(history.facts)
            if state is not None and state.status == "open":
                fact = approved_fact(state.reference, state.customer, f"INV-{one}")
                await store.append(Save(self.origin(), (Write(history, (fact,)),)))

    async def delete(self) -> None:
        if self.made:
            gone = self.made[self.draw(st.integers(0, len(self.made) - 1))]
            with suppress(Rejected):  # an approved one
                await delete(self.invoicing, self.origin(), gone, "again")
            await self.look()

    async def run(self, **more: Any) -> bool:
        done = await super().run(**more)
        await self.look()
        return done

    async def look(self) -> None:
        made = [one.invoice for entry in await self.in_order() for one in entry.invoices if one.invoice in entry.live]
        self.made = list(dict.fromkeys(made))

    async def check_invoices(self, billed: Decimal) -> None:
        store = self.agreed.shop.desk.store
        found = await store.load_many([Stream("customer-invoice", one) for one in self.made])
        states = [fold(history.facts) for history in found.values()]
        totals = [state.calculation.revenue_total for state in states if state and state.calculation]
        assert add(*totals, D(0)) == billed


def test_replaced_and_deleted_all_is_as_before_and_what_is_billed_is_what_the_days_come_to(database, tmp_path):
    hold(database, tmp_path, Replacing)
