"""The port to the ledger of contracts, on PostgreSQL."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.sql_files import load_sql
from commands.ports.contract_ledger import ContractDue, TakenTransaction, WantedSum
from domain.billing_contract.entry_events import TransactionsTaken
from domain.billing_contract.line_items import TransactionSum
from domain.money import add
from domain.usage_offer.events import LineRange

_SQL = load_sql("adapters.contracts")


class StoredLedger:
    """`commands.ports.contract_ledger.ContractLedger`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def due(self, contracts: Sequence[UUID]) -> Mapping[UUID, ContractDue]:
        """See the port."""
        return {row[0]: ContractDue(*row) for row in await self._all("due", {"contracts": list(contracts)})}

    async def sums(self, wanted: Sequence[WantedSum]) -> Mapping[tuple[UUID, str], Sequence[TransactionSum]]:
        """See the port."""
        if not wanted:
            return {}
        values = {
            "contracts": [one.contract for one in wanted],
            "lines": [one.line for one in wanted],
            "classes": [",".join(one.classes) for one in wanted],
            "uptos": [one.upto for one in wanted],
        }
        islands: dict[tuple[UUID, str], dict[str | None, list[tuple[Any, ...]]]] = {}
        for contract, line, customer, *island in await self._all("sums", values):
            islands.setdefault((contract, line), {}).setdefault(customer, []).append(tuple(island))
        return {
            (contract, line): [_sum(line, customer, several) for customer, several in by_customer.items()]
            for (contract, line), by_customer in islands.items()
        }

    async def sums_of(self, contract: UUID, taken: Sequence[TransactionsTaken]) -> Sequence[TransactionSum]:
        """See the port."""
        if not taken:
            return []
        rows = await self._all("sums_of", {"numbers": _numbered(taken), "contract": contract, **_ranges(taken)})
        return [
            TransactionSum(customer, exact, cost, without_cost, (taken[number],))
            for number, customer, exact, cost, without_cost in rows
        ]

    async def taken(self, contract: UUID, line: str) -> frozenset[str]:
        """See the port."""
        rows = await self._all("taken", {"contract": contract, "line": line})
        return frozenset(id_ for (id_,) in rows)

    async def within(self, contract: UUID, taken: Sequence[TransactionsTaken]) -> Sequence[TakenTransaction]:
        """See the port."""
        rows = await self._all("within", {"contract": contract, **_ranges(taken)})
        return [TakenTransaction(*row) for row in rows]

    async def free(self, wanted: WantedSum, limit: int) -> Sequence[TakenTransaction]:
        """See the port."""
        values = {
            "contract": wanted.contract,
            "line": wanted.line,
            "classes": list(wanted.classes),
            "upto": wanted.upto,
            "limit": limit,
        }
        return [TakenTransaction(*row) for row in await self._all("free", values)]

    async def _all(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            return await (await connection.execute(_SQL[statement], values)).fetchall()


def _ranges(taken: Sequence[TransactionsTaken]) -> dict[str, list[Any]]:
    ranges = [(one, span) for one in taken for span in one.ranges]
    return {
        "lines": [one.line for one, _ in ranges],
        "years": [one.year for one, _ in ranges],
        "firsts": [span.first for _, span in ranges],
        "lasts": [span.last for _, span in ranges],
    }


def _numbered(taken: Sequence[TransactionsTaken]) -> list[int]:
    """Of each range, which one it belongs to."""
    return [number for number, one in enumerate(taken) for _ in one.ranges]


def _sum(line: str, customer: str | None, islands: Sequence[tuple[Any, ...]]) -> TransactionSum:
    costs = [cost for *_, cost, _without in islands if cost is not None]
    years: dict[int, list[LineRange]] = {}
    counts: dict[int, int] = {}
    for year, first, last, count, *_ in islands:
        years.setdefault(year, []).append(LineRange(first=first, last=last))
        counts[year] = counts.get(year, 0) + count
    return TransactionSum(
        customer=customer,
        exact=add(Decimal(0), *(amount for *_, amount, _cost, _without in islands)),
        cost=add(*costs) if costs else None,
        without_cost=sum(without for *_, without in islands),
        taken=tuple(
            TransactionsTaken(line=line, year=year, ranges=tuple(ranges), count=counts[year])
            for year, ranges in years.items()
        ),
    )
