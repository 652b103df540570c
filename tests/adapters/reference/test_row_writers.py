import asyncio
from datetime import date

import pytest

from commands.reference.bulk import items_of_json, load_many
from commands.reference.csv_items import items_of_csv
from commands.reference.retire import retire
from commands.reference.save import patch, save
from domain.reference.bodies import CustomerBody, Identifier, NotResold, ProductBody, ProviderBody
from domain.reference.kinds import KINDS
from domain.rejected import Rejected
from tests.support.origins import origin

CUSTOMER, PRODUCT, PROVIDER = (KINDS[k] for k in ("customer", "product", "provider"))
HELD = "SELECT identifier, code, valid_from, valid_to FROM reference_identifiers ORDER BY identifier, valid_from"
JAN, FEB = date(2026, 1, 1), date(2026, 2, 1)


@pytest.fixture
async def desk(record):
    await save(record.desk, origin(), PROVIDER, ProviderBody(code="ACME", name="Acme"))
    return record.desk


def customer(code, *identifiers, since=None, until=None):
    found = tuple(Identifier(provider="ACME", identifier=i, valid_from=since, valid_to=until) for i in identifiers)
    return CustomerBody(code=code, name=code, identifiers=found)


async def refused(awaitable):
    with pytest.raises(Rejected) as info:
        await awaitable
    return info.value


async def test_identifiers_are_replaced_as_a_whole_and_freed(record, desk):
    await save(desk, origin(), CUSTOMER, customer("A", "t-1", "t-2"))
    await save(desk, origin(), CUSTOMER, customer("A", "t-2", "t-3"))
    assert await record.rows(HELD) == [("t-2", "A", None, None), ("t-3", "A", None, None)]
    await retire(desk, origin(), CUSTOMER, "A")
    assert await record.rows(HELD) == []
    await save(desk, origin(), CUSTOMER, customer("B", "t-2"))


async def test_a_taken_identifier_is_refused_naming_its_holder_and_nothing_is_stored(record, desk):
    await save(desk, origin(), CUSTOMER, customer("A", "t-1", since=JAN))
    head = await record.store.head()
    no = await refused(save(desk, origin(), CUSTOMER, customer("B", "t-0", "t-1")))
    assert no.code == "identifier-taken"
    assert no.facts == {"provider": "ACME", "identifier": "t-1", "holder": "A", "code": "B"}
    assert "customer A from 2026-01-01 to ever" in no.detail
    assert await record.store.head() == head
    assert await record.rows(HELD) == [("t-1", "A", JAN, None)]


async def test_periods_that_do_not_overlap_may_follow_each_other(record, desk):
    await save(desk, origin(), CUSTOMER, customer("A", "t-1", until=FEB))
    await save(desk, origin(), CUSTOMER, customer("B", "t-1", since=FEB))
    assert await record.rows(HELD) == [("t-1", "B", FEB, None), ("t-1", "A", None, FEB)]
    no = await refused(
        patch(desk, origin(), CUSTOMER, "A", {"identifiers": [{"provider": "ACME", "identifier": "t-1"}]})
    )
    assert no.facts["holder"] == "B"


ERRORS = b"kind,provider,reference,code,name,lines,first_lines,amount,currency,hint\n"


async def fill_in(desk, *rows):
    items = items_of_csv(
        CUSTOMER, ERRORS + b"".join(b"customer,ACME,%b,x,1,1,1.00,EUR,h\n" % row for row in rows)
    ).items
    return [(r.result, r.error and r.error.code) for r in (await load_many(desk, origin(), CUSTOMER, items)).results]


async def test_a_filled_in_code_gains_the_days_that_its_former_holder_gave_up(record, desk):
    await save(desk, origin(), CUSTOMER, customer("A", "t-1", since=JAN, until=FEB))
    assert await fill_in(desk, b"t-1,B") == [("created", None)]
    assert await record.rows(HELD) == [("t-1", "A", JAN, FEB), ("t-1", "B", FEB, None), ("t-1", "B", None, JAN)]
    assert await fill_in(desk, b"t-1,B") == [("unchanged", None)]


async def test_a_filled_in_code_gains_the_days_before_its_own(record, desk):
    await save(desk, origin(), CUSTOMER, customer("A", "t-1", since=FEB))
    assert await fill_in(desk, b"t-1,A", b"t-2,A") == [("updated", None)]
    assert await record.rows(HELD) == [("t-1", "A", None, None), ("t-2", "A", None, None)]


async def test_a_filled_in_code_takes_nothing_from_another(record, desk):
    await save(desk, origin(), CUSTOMER, customer("A", "t-1"))
    assert await fill_in(desk, b"t-1,B", b"t-2,C") == [("rejected", "identifier-taken"), ("created", None)]
    assert await record.rows(HELD) == [("t-1", "A", None, None), ("t-2", "C", None, None)]


async def test_identifiers_are_trimmed_as_those_in_files_are(record, desk):
    await save(desk, origin(), CUSTOMER, customer("A", " t-1\u00a0"))
    assert await record.rows(HELD) == [("t-1", "A", None, None)]


async def test_a_customer_and_a_product_may_have_the_same_name(desk):
    await save(desk, origin(), CUSTOMER, customer("A", "same"))
    same = (Identifier(provider="ACME", identifier="same"),)
    assert (await save(desk, origin(), PRODUCT, ProductBody(code="P", name="P", identifiers=same))).position


async def test_of_sixteen_savers_of_one_identifier_one_wins(record, desk):
    ends = await asyncio.gather(
        *(save(desk, origin(), CUSTOMER, customer(f"C{n}", f"own-{n}", "wanted")) for n in range(16)),
        return_exceptions=True,
    )
    refusals = [end for end in ends if isinstance(end, Rejected)]
    assert len(refusals) == 15
    [(winner,)] = await record.rows("SELECT code FROM reference_identifiers WHERE identifier = 'wanted'")
    assert {no.facts["holder"] for no in refusals} == {winner}
    assert len(await record.rows("SELECT FROM reference_identifiers")) == 2
    assert len(await record.rows("SELECT FROM stored_events WHERE kind = 'customer'")) == 1


async def test_savers_of_many_identifiers_in_other_orders_do_not_lock_each_other_up(record, desk):
    names = [f"t-{n}" for n in range(200)]
    ends = await asyncio.gather(
        save(desk, origin(), CUSTOMER, customer("A", *names)),
        save(desk, origin(), CUSTOMER, customer("B", *reversed(names))),
        save(desk, origin(), CUSTOMER, customer("C", *names[100:], *names[:100])),
        return_exceptions=True,
    )
    assert sorted(type(end).__name__ for end in ends) == ["Done", "Rejected", "Rejected"]


async def test_not_resold_is_kept_beside_and_replaced(record, desk):
    one = NotResold(kind="product", identifier="tax", reason="our own cost")
    await patch(desk, origin(), PROVIDER, "ACME", {"not_resold": [one.model_dump(), one.model_dump()]})
    rows = "SELECT provider, kind, identifier, reason FROM not_resold"
    assert await record.rows(rows) == [("ACME", "product", "tax", "our own cost")]
    await patch(desk, origin(), PROVIDER, "ACME", {"not_resold": []})
    assert await record.rows(rows) == []


async def test_a_bulk_load_refuses_what_is_taken_and_does_the_rest(record, desk):
    await save(desk, origin(), CUSTOMER, customer("A", "t-1"))
    items = [customer(f"B{n}", f"t-{n}").model_dump(mode="json") for n in range(3)]
    items.append(customer("B3", "t-2").model_dump(mode="json"))
    loaded = await load_many(desk, origin(), CUSTOMER, items_of_json(items))
    assert [r.result for r in loaded.results] == ["created", "rejected", "created", "rejected"]
    assert [r.error.facts["holder"] for r in loaded.results if r.error] == ["A", "B2"]
    assert [row[:2] for row in await record.rows(HELD)] == [("t-0", "B0"), ("t-1", "A"), ("t-2", "B2")]


async def test_clusters_keep_their_parent_while_they_are_placed(record, desk):
    cluster = KINDS["cluster"]
    await save(desk, origin(), cluster, cluster.body(code="a", name="a"))
    ends = await asyncio.gather(
        save(desk, origin(), cluster, cluster.body.model_validate({"code": "b", "name": "b", "parent": "a"})),
        retire(desk, origin(), cluster, "a"),
        return_exceptions=True,
    )
    assert sorted(type(end).__name__ for end in ends) == ["Done", "Rejected"]
