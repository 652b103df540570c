import asyncio

import pytest

from commands.handling import Done
from commands.ports.event_store import Claim
from commands.reference.retire import retire
from commands.reference.rows import IdentifierRows, ProviderRows
from commands.reference.save import patch, save
from domain.identity import reference_stream
from domain.reference.bodies import ClusterBody, CustomerBody, ExchangeRateBody, Identifier, ProductBody, ProviderBody
from domain.reference.events import ClusterMoved
from domain.reference.kinds import KINDS
from domain.reference.tree import CLUSTER_TREE
from domain.rejected import Rejected
from tests.support.origins import origin
from tests.support.reference import memory_desk

CLUSTER, CUSTOMER, PRODUCT, PROVIDER = (KINDS[k] for k in ("cluster", "customer", "product", "provider"))


@pytest.fixture
def desk():
    return memory_desk()


async def put(desk, kind, body, **options) -> Done:
    return await save(desk, origin(), kind, body, **options)


async def refused(code, awaitable) -> Rejected:
    with pytest.raises(Rejected) as info:
        await awaitable
    assert info.value.code == code, info.value
    return info.value


async def test_save_twice_stores_once(desk):
    body = ProductBody(code="P", name="Product")
    first = await put(desk, PRODUCT, body)
    again = await put(desk, PRODUCT, body)
    assert (first.outcome.result, first.outcome.version) == ("created", 1)
    assert (again.outcome.result, again.outcome.version, again.position) == ("unchanged", 1, 0)
    assert len(desk.store.events) == 1


async def test_patch_keeps_what_it_does_not_name_and_wants_the_version_it_was_made_for(desk):
    await put(desk, PRODUCT, ProductBody(code="P", name="Product", unit="h"))
    done = await patch(desk, origin(), PRODUCT, "P", {"name": "New"}, if_match=1)
    assert done.outcome.body == ProductBody(code="P", name="New", unit="h")
    assert (await refused("stale-version", patch(desk, origin(), PRODUCT, "P", {}, if_match=1))).kind == "stale"


async def test_patches_at_the_same_time_lose_nothing(desk):
    await put(desk, PRODUCT, ProductBody(code="P", name="Product"))
    await asyncio.gather(
        patch(desk, origin(), PRODUCT, "P", {"unit": "h"}), patch(desk, origin(), PRODUCT, "P", {"category": "c"})
    )
    assert (await patch(desk, origin(), PRODUCT, "P", {})).outcome.body == ProductBody(
        code="P", name="Product", unit="h", category="c"
    )


async def test_what_a_body_names_has_to_be_there(desk):
    await refused("unknown-cluster", put(desk, CUSTOMER, CustomerBody(code="C", name="C", cluster="K")))
    identified = CustomerBody(code="C", name="C", identifiers=(Identifier(provider="ACME", identifier="t"),))
    await refused("unknown-provider", put(desk, CUSTOMER, identified))
    await refused("unknown-customer", put(desk, PROVIDER, ProviderBody(code="A", name="A", unassigned_customer="C")))
    assert desk.store.events == []


async def test_identifiers_ride_as_rows_only_when_they_change(desk):
    await put(desk, PROVIDER, ProviderBody(code="ACME", name="Acme"))
    mine = (Identifier(provider="ACME", identifier="t"),)
    await put(desk, CUSTOMER, CustomerBody(code="C", name="C", identifiers=mine))
    await put(desk, CUSTOMER, CustomerBody(code="C", name="New name", identifiers=mine))
    await retire(desk, origin(), CUSTOMER, "C")
    await put(desk, CUSTOMER, CustomerBody(code="C", name="New name", identifiers=mine))
    assert desk.store.rows == [
        ProviderRows("ACME", in_force=True, not_resold=()),
        IdentifierRows("customer", (("C", mine),)),
        IdentifierRows("customer", (("C", ()),)),
        IdentifierRows("customer", (("C", mine),)),
    ]


async def test_retired_is_gone_and_retiring_again_is_nothing(desk):
    await put(desk, PRODUCT, ProductBody(code="P", name="P"))
    assert (await retire(desk, origin(), PRODUCT, "P")).outcome.result == "retired"
    assert (await retire(desk, origin(), PRODUCT, "P")).outcome.result == "unchanged"
    await refused("not-found", patch(desk, origin(), PRODUCT, "P", {"name": "x"}))
    await refused("not-found", retire(desk, origin(), PRODUCT, "Q"))


async def test_one_rate_a_pair_and_day(desk):
    rate = {"from_currency": "USD", "to_currency": "EUR", "date": "2026-01-02", "rate": "0.9", "source": "ECB"}
    await put(desk, KINDS["exchange-rate"], ExchangeRateBody(code="one", **rate))
    await refused("not-unique", put(desk, KINDS["exchange-rate"], ExchangeRateBody(code="two", **rate)))
    moved = ExchangeRateBody(code="one", **{**rate, "date": "2026-01-03"})
    await put(desk, KINDS["exchange-rate"], moved)
    await put(desk, KINDS["exchange-rate"], ExchangeRateBody(code="two", **rate))
    owner = reference_stream("exchange-rate", "two").id
    assert desk.store.claims["exchange-rate", "USD:EUR:2026-01-02"] == owner
    assert Claim("exchange-rate", "x", owner).take


class TestClusters:
    async def test_a_tree_grows_and_makes_no_circle(self, desk):
        for code, parent in (("a", None), ("b", "a"), ("c", "b")):
            await put(desk, CLUSTER, ClusterBody(code=code, name=code, parent=parent))
        no = await refused("cluster-cycle", put(desk, CLUSTER, ClusterBody(code="a", name="a", parent="c")))
        assert no.facts["path"] == ["a", "c", "b", "a"]
        assert desk.store.facts(CLUSTER_TREE) == [
            ClusterMoved(cluster="b", parent="a"),
            ClusterMoved(cluster="c", parent="b"),
        ]

    async def test_two_moves_at_once_make_no_circle(self, desk):
        for code in "ab":
            await put(desk, CLUSTER, ClusterBody(code=code, name=code))
        ends = await asyncio.gather(
            put(desk, CLUSTER, ClusterBody(code="a", name="a", parent="b")),
            put(desk, CLUSTER, ClusterBody(code="b", name="b", parent="a")),
            return_exceptions=True,
        )
        assert sorted(type(end).__name__ for end in ends) == ["Done", "Rejected"]

    async def test_what_has_children_stays_and_a_retired_one_takes_none(self, desk):
        await put(desk, CLUSTER, ClusterBody(code="a", name="a"))
        await put(desk, CLUSTER, ClusterBody(code="b", name="b", parent="a"))
        await refused("cluster-has-children", retire(desk, origin(), CLUSTER, "a"))
        await retire(desk, origin(), CLUSTER, "b")
        await retire(desk, origin(), CLUSTER, "a")
        await refused("unknown-cluster", put(desk, CLUSTER, ClusterBody(code="c", name="c", parent="a")))
