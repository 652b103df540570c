"""The port to the purchase store on PostgreSQL."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.purchases.row_writers import move, move_all
from adapters.sql_files import load_sql
from commands.ports.purchases import (
    Arrived,
    Door,
    Move,
    MoveAll,
    Outcome,
    Place,
    Purchase,
    PurchaseQuery,
    Stored,
    WaitingAt,
)

_SQL = load_sql("adapters.purchases")
NEWEST = 2**62


class StoredPurchases:
    """`commands.ports.purchases.Purchases`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool

    async def accept(
        self, purchases: Sequence[tuple[Purchase, Place]], *, at: datetime, actor: str
    ) -> Sequence[Outcome]:
        """See the port. Of two with one id in the same call the first counts."""
        first: dict[UUID, tuple[Purchase, Place]] = {}
        for purchase, place in purchases:
            first.setdefault(purchase.id, (purchase, place))
        ordered = [first[id_] for id_ in sorted(first)]  # in one order everywhere, so that posters can't deadlock
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SQL["accept"], {**_columns(ordered), "at": at, "actor": actor})
            new = {row[0] for row in await cursor.fetchall()}
            digests = await self._digests(connection, [id_ for id_ in first if id_ not in new])
        outcomes: list[Outcome] = []
        for purchase, _ in purchases:
            if purchase.id in new:
                new.discard(purchase.id)  # another one with its id in this call is a repeat of it
                digests[purchase.id] = purchase.digest
                outcomes.append("accepted")
            else:
                outcomes.append("duplicate" if digests[purchase.id] == purchase.digest else "conflict")
        return outcomes

    async def find(self, ids: Sequence[UUID]) -> Mapping[UUID, Stored]:
        """See the port."""
        return {stored.purchase.id: stored for stored in await self._stored("find", ids=list(ids))}

    async def doors(self, limit: int) -> Sequence[Door]:
        """See the port."""
        return [Door(*row) for row in await self._rows("doors", limit=limit)]

    async def arrived(self, invoices: Sequence[UUID], *, waiting: bool = False) -> Sequence[Arrived]:
        """See the port."""
        states = ["arriving", "waiting"] if waiting else ["arriving"]
        return [Arrived(*row) for row in await self._rows("arrived", invoices=list(invoices), states=states)]

    async def waiting_at(self, entries: Sequence[UUID]) -> Sequence[WaitingAt]:
        """See the port."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SQL["waiting_at"], {"entries": list(entries)})
            return [WaitingAt(*row) for row in await cursor.fetchall()]

    async def shift(self, change: MoveAll) -> int:
        """See the port."""
        async with self._pool.connection() as connection:
            return await move_all(connection, change)

    async def move(self, change: Move) -> None:
        """See the port."""
        async with self._pool.connection() as connection, connection.transaction():
            await move(connection, change)

    async def batches(self, batches: Sequence[UUID]) -> Mapping[UUID, tuple[int, str]]:
        """See the port."""
        return {batch: (count, digest) for batch, count, digest in await self._rows("batches", batches=list(batches))}

    async def nowhere(self, customers: Sequence[str]) -> Sequence[str]:
        """See the port."""
        return [row[0] for row in await self._rows("nowhere", customers=list(customers))]

    async def page(self, query: PurchaseQuery, *, before: int | None, limit: int) -> Sequence[Stored]:
        """See the port."""
        return await self._stored("page", **_asked(query), before=NEWEST if before is None else before, limit=limit)

    async def count(self, query: PurchaseQuery) -> int:
        """See the port."""
        ((count,),) = await self._rows("count", **_asked(query))
        return int(count)

    async def _digests(self, connection: AsyncConnection[Any], ids: Sequence[UUID]) -> dict[UUID, str]:
        if not ids:
            return {}
        return dict(await (await connection.execute(_SQL["digests"], {"ids": list(ids)})).fetchall())

    async def _stored(self, statement: str, /, **values: object) -> list[Stored]:
        return [_read(row) for row in await self._rows(statement, **values)]

    async def _rows(self, statement: str, /, **values: object) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            return await (await connection.execute(_SQL[statement], values)).fetchall()


def _asked(query: PurchaseQuery) -> dict[str, object]:
    return {
        "customer": query.customer,
        "product": query.product,
        "reference": query.reference,
        "invoice": query.invoice,
        "states": None if query.states is None else list(query.states),
        "day_from": query.day_from,
        "day_to": query.day_to,
    }


def _columns(given: Sequence[tuple[Purchase, Place]]) -> dict[str, object]:
    purchases, places = [p for p, _ in given], [s for _, s in given]
    return {
        "ids": [p.id for p in purchases],
        "keys": [p.key for p in purchases],
        "customers": [p.customer for p in purchases],
        "products": [p.product for p in purchases],
        "subscriptions": [p.subscription for p in purchases],
        "quantities": [p.quantity for p in purchases],
        "units": [p.unit for p in purchases],
        "days": [p.day for p in purchases],
        "moments": [p.occurred_at for p in purchases],
        "costs": [p.cost for p in purchases],
        "currencies": [p.currency for p in purchases],
        "references": [p.reference for p in purchases],
        "corrects": [p.corrects for p in purchases],
        "attributes": [json.dumps(dict(p.attributes), ensure_ascii=False) if p.attributes else None for p in purchases],
        "digests": [p.digest for p in purchases],
        "states": [s.state for s in places],
        "destinations": [s.destination for s in places],
        "reasons": [s.reason for s in places],
        "finals": [s.reference_final for s in places],
    }


def _read(row: tuple[Any, ...]) -> Stored:
    (seq, id_, key, customer, product, quantity, day, occurred_at, digest, subscription, unit, cost, currency) = row[
        :13
    ]
    (reference, corrects, attributes, state, destination, reason, final, batch, accepted_at, since, actor) = row[13:]
    purchase = Purchase(
        id=id_,
        key=key,
        customer=customer,
        product=product,
        quantity=quantity,
        day=day,
        occurred_at=occurred_at,
        digest=digest,
        subscription=subscription,
        unit=unit,
        cost=cost,
        currency=currency,
        reference=reference,
        corrects=corrects,
        attributes=json.loads(attributes) if attributes else {},
    )
    return Stored(seq, purchase, Place(state, destination, reason, final), batch, accepted_at, since, actor)
