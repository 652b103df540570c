"""The port to reference data as it was: the present one, with what changed since as it was then."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.reference.pricing_moment import PricingMoment
from adapters.sql_files import load_sql
from commands.ports.reference import Clusters, PresentCustomer, PresentReference, PricingInputs
from domain.identity import reference_stream
from domain.pricing.context import PricingContext

_SQL = load_sql("adapters.calculation")


class StoredPastReference:
    """`commands.ports.calculation.PastReference`; the pool's connections are in autocommit mode."""

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]", present: PresentReference) -> None:
        self._pool = pool
        self._present = present

    async def pricing_inputs_at(self, position: int, customers: Sequence[str]) -> PricingInputs:
        """See the port."""
        now = await self._present.pricing_inputs(customers)
        async with self._pool.connection() as connection:
            changed = await (await connection.execute(_SQL["changed_after"], {"position": position})).fetchall()
            wanted = {
                "kinds": [kind for kind, _ in changed],
                "codes": [code for _, code in changed],
                "streams": [str(reference_stream(kind, code)) for kind, code in changed],
                "position": position,
            }
            rows = await (await connection.execute(_SQL["as_of"], wanted)).fetchall() if changed else []
        gone = {(kind, code) for kind, code in changed}
        context = PricingContext(
            0,
            tuple(rule for rule in now.context.rules if ("pricing-rule", rule.body.code) not in gone),
            tuple(product for product in now.context.products if ("product", product.code) not in gone),
            tuple(rate for rate in now.context.rates if ("exchange-rate", rate.code) not in gone),
        )
        clusters = {c: cluster for c, cluster in now.clusters.by_code.items() if ("cluster", c) not in gone}
        moment = PricingMoment(context, Clusters(clusters)).moved(position, [r for r in rows if r[0] != "customer"])
        bodies = {code: body for kind, code, _, _, body in rows if kind == "customer"}
        return PricingInputs(moment.context, moment.clusters, _as_they_were(now.customers, bodies))

    async def calculated_invoices(self, after: UUID, limit: int) -> Sequence[UUID]:
        """Invoices that were calculated, in order of their ids."""
        async with self._pool.connection() as connection:
            asked = {"after": after, "limit": limit}
            return [row[0] for row in await (await connection.execute(_SQL["calculated_invoices"], asked)).fetchall()]


def _as_they_were(
    customers: Mapping[str, PresentCustomer], bodies: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, PresentCustomer]:
    """Prices depend on a customer's cluster only."""
    return {
        code: replace(customer, cluster=bodies[code].get("cluster")) if code in bodies else customer
        for code, customer in customers.items()
    }
