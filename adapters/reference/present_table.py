"""Reference data as it is now, of many pieces at once: from the table that the record keeps beside its events."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.reference.pricing_moment import KINDS as PRICING_KINDS
from adapters.reference.pricing_moment import PricingMoment
from adapters.sql_files import load_sql
from commands.ports.reference import Body, Clusters, Present, PresentCluster, PresentCustomer, PricingInputs
from domain.reference.bodies import CustomerBody, ProductBody, ReferenceBody
from domain.reference.kinds import KINDS

_SQL = load_sql("adapters.reference")
_KIND_OF: Final[Mapping[type[ReferenceBody], str]] = {kind.body: kind.name for kind in KINDS.values()}


class PresentTable:
    """`commands.ports.reference.PresentReference` on PostgreSQL; the pool's connections are in autocommit.

    What prices are made of is kept in the process, parsed; only what changed since is read again.
    """

    def __init__(self, pool: "AsyncConnectionPool[AsyncConnection[Any]]") -> None:
        self._pool = pool
        self._pricing = PricingMoment()

    async def reference_position(self) -> int:
        """Position of the last change of any reference data; 0: there is none."""
        [(position,)] = await self._all("reference_position", {})
        return int(position)

    async def customers(self, codes: Sequence[str]) -> Mapping[str, PresentCustomer]:
        """Code -> customer, of those that exist."""
        return {row[0]: PresentCustomer(*row) for row in await self._all("present_customers", {"codes": list(codes)})}

    async def billed_customers(self) -> Sequence[PresentCustomer]:
        """All customers in force that are billed periodically, by code."""
        return [PresentCustomer(*row) for row in await self._all("billed_customers", {})]

    async def clusters(self) -> Clusters:
        """The whole tree."""
        return _clusters(await self._all("present_clusters", {}))

    async def clusters_up(self, cluster: str | None) -> Sequence[PresentCluster]:
        """The cluster itself and those above it, nearest first."""
        if cluster is None:
            return ()
        return [PresentCluster(*row) for row in await self._all("clusters_up", {"code": cluster})]

    async def products(self, codes: Sequence[str]) -> Mapping[str, Present[ProductBody]]:
        """Code -> product, of those that exist."""
        return _parsed(ProductBody, await self._all("present_of_codes", {"kind": "product", "codes": list(codes)}))

    async def all_of(self, body: type[Body]) -> Mapping[str, Present[Body]]:
        """All of the kind with this body, by code. TypeError for customers."""
        if issubclass(body, CustomerBody) or body not in _KIND_OF:
            raise TypeError(f"{body.__name__} is not kept whole: ask for customers()")
        return _parsed(body, await self._all("present_of_kind", {"kind": _KIND_OF[body]}))

    async def pricing_inputs(self, customers: Sequence[str] = ()) -> PricingInputs:
        """Rules, products, rates, clusters and these customers, all of one moment."""
        known = self._pricing  # never changed; another task may put a newer one there meanwhile
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(_SQL["same_moment"])
            position = int((await _fetch(connection, "reference_position", {}))[0][0])
            wanted = {"since": known.position, "kinds": list(PRICING_KINDS)}
            changed = await _fetch(connection, "changed_since", wanted) if position > known.position else []
            found = await _fetch(connection, "present_customers", {"codes": list(customers)}) if customers else []
        moment = known.moved(position, changed) if position > known.position else known
        if moment.position > self._pricing.position:
            self._pricing = moment
        asked = {row[0]: PresentCustomer(*row) for row in found}
        return PricingInputs(moment.context, moment.clusters, asked)

    async def _all(self, name: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            return await _fetch(connection, name, values)


async def _fetch(connection: AsyncConnection[Any], name: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
    cursor = await connection.execute(_SQL[name], values)
    return await cursor.fetchall()


def _clusters(rows: Sequence[tuple[Any, ...]]) -> Clusters:
    return Clusters({row[0]: PresentCluster(*row) for row in rows})


def _parsed(body: type[Body], rows: Sequence[tuple[Any, ...]]) -> dict[str, Present[Body]]:
    return {code: Present(version, in_force, body.model_validate(data)) for code, version, in_force, data in rows}
