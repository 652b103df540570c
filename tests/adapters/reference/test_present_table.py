import asyncio
from datetime import date

import pytest

from adapters.event_store.personal import personal_shape
from adapters.migrate import migrate
from adapters.reference import StoredReference
from commands.reference.bulk import items_of_json, load_many
from commands.reference.csv_items import items_of_csv
from commands.reference.erase import erase
from commands.reference.retire import retire
from commands.reference.save import patch, save
from domain.reference.bodies import CustomerBody, ProductBody
from domain.reference.decisions import parse
from domain.reference.invoice_bodies import ApprovalProcessBody
from domain.reference.kinds import KINDS
from tests.support.memory_vault import MemoryKeyVault
from tests.support.origins import origin
from tests.support.reference import Kept

ROWS = "SELECT kind, code, version, position, in_force, body FROM reference_present ORDER BY kind, code"
OF_EVENTS = """
SELECT e.kind, e.notification_id, e.originator_version FROM stored_events AS e
WHERE e.originator_version = (SELECT max(originator_version) FROM stored_events WHERE originator_id = e.originator_id)
"""


@pytest.fixture
def reference(record):
    return StoredReference(record.store, record.pool)


async def put(record, kind, **body):
    return await save(record.desk, origin(), KINDS[kind], parse(KINDS[kind], body))


async def world(record):
    """A tree of three clusters, customers of each way of saving, one of them retired, one erased; a price."""
    await put(record, "approval-process", code="two", name="Two", four_eyes=True)
    await put(record, "invoice-number-series", code="de", name="DE", pattern="DE-{n}", restart="never")
    for code, parent, process in (("top", None, "two"), ("mid", "top", None), ("low", "mid", None)):
        await put(record, "cluster", code=code, name=code, parent=parent, approval_process=process)
    await patch(record.desk, origin(), KINDS["cluster"], "low", {"number_series": "de"})
    items = items_of_json([{"code": c, "name": c, "cluster": "low", "bill_from": "2026-01-01"} for c in ("A", "B")])
    await load_many(record.desk, origin(), KINDS["customer"], items)
    rows = items_of_csv(KINDS["customer"], b"code,name,currency\nC,c,USD\nD,d,USD\n").items
    await load_many(record.desk, origin(), KINDS["customer"], rows)
    await retire(record.desk, origin(), KINDS["customer"], "C")
    await erase(record.desk, MemoryKeyVault(), Kept(), origin(), "D", "asked for")
    await put(record, "product", code="P", name="P", list_prices=[{"currency": "EUR", "valid_from": "2026-01-01", "price": "1.5"}])  # fmt: skip
    await put(record, "pricing-rule", code="R", name="R", currency="EUR", product="P", price={"family": "per_unit", "unit_price": "2"})  # fmt: skip
    await put(record, "exchange-rate", code="X", from_currency="USD", to_currency="EUR", date="2026-01-02", rate="0.9", source="bank")  # fmt: skip


async def test_every_row_is_that_of_its_last_event_however_it_was_saved(record, reference):
    await world(record)
    rows = await record.rows(ROWS)
    assert sorted((r[0], r[3], r[2]) for r in rows) == sorted(await record.rows(OF_EVENTS))
    assert [(r[1], r[4]) for r in rows if r[0] == "customer"] == [("A", True), ("B", True), ("C", False), ("D", False)]
    assert await reference.reference_position() == max(r[3] for r in rows) == await record.store.head()


async def test_what_is_personal_is_not_in_it(record):
    body = {"address": {"lines": ["Street"], "city": "Town"}, "emails": ["kim@example.com"], "metadata": {"a": "b"}}
    await put(record, "customer", code="A", name="Kim", country="DE", **body)
    [(*_, kept)] = await record.rows(ROWS)
    shape = personal_shape(CustomerBody)
    assert shape is not None
    assert kept.keys() == CustomerBody.model_fields.keys() - shape.fields.keys()
    assert (kept["country"], kept["time_zone"]) == ("DE", "UTC")


async def test_nothing_is_kept_of_a_save_that_was_refused(record):
    await put(record, "customer", code="A", name="a")
    before = await record.rows(ROWS)
    rate = {"from_currency": "USD", "to_currency": "EUR", "date": "2026-01-02", "rate": "1", "source": "s"}
    ends = await asyncio.gather(
        *(put(record, "exchange-rate", code=f"X{n}", **rate) for n in range(8)), return_exceptions=True
    )
    assert sum(isinstance(end, Exception) for end in ends) == 7
    assert len(await record.rows(ROWS)) == len(before) + 1


async def test_the_migration_keeps_what_was_stored_before_it(record, database):
    await world(record)
    before = await record.rows(ROWS)
    for statement in (
        "DROP TRIGGER stored_events_keep_reference_present ON stored_events",
        "DROP FUNCTION keep_reference_present",
        "DROP FUNCTION reference_body",
        "DROP TABLE reference_present",
        "DELETE FROM _yoyo_migration WHERE migration_id = '0011_reference_present'",
    ):
        async with record.pool.connection() as connection:
            await connection.execute(statement)
    assert await asyncio.to_thread(migrate, database) == ["0011_reference_present"]
    assert await record.rows(ROWS) == before


async def test_customers_say_what_billing_asks(record, reference):
    await world(record)
    found = await reference.customers(["A", "D", "NONE"])
    assert found.keys() == {"A", "D"}
    a = found["A"]
    assert (a.version, a.in_force, a.currency, a.time_zone, a.billing_period) == (1, True, "EUR", "UTC", "monthly")
    assert (a.bill_from, a.cluster, a.approval_process, a.number_series) == (date(2026, 1, 1), "low", None, None)
    assert not found["D"].in_force
    assert [c.code for c in await reference.billed_customers()] == ["A", "B"]


async def test_processes_and_series_are_those_of_the_nearest_cluster_upwards(record, reference):
    await world(record)
    assert [c.code for c in await reference.clusters_up("low")] == ["low", "mid", "top"]
    assert list(await reference.clusters_up(None)) == list(await reference.clusters_up("NONE")) == []
    clusters = await reference.clusters()
    assert clusters.up("low") == tuple(await reference.clusters_up("low"))
    a, c = (await reference.customers(["A", "C"])).values()
    assert (clusters.approval_process_of(a), clusters.number_series_of(a)) == ("two", "de")
    assert (clusters.approval_process_of(c), clusters.number_series_of(c)) == (None, None)
    await patch(record.desk, origin(), KINDS["customer"], "A", {"number_series": "default"})
    own = (await reference.customers(["A"]))["A"]
    assert clusters.number_series_of(own) == "default"


async def test_bodies_of_a_kind_are_whole(record, reference):
    await world(record)
    [(code, process)] = (await reference.all_of(ApprovalProcessBody)).items()
    assert (code, process.version, process.body.four_eyes) == ("two", 1, True)
    assert (await reference.products(["P", "NONE"]))["P"].body == (await reference.all_of(ProductBody))["P"].body
    with pytest.raises(TypeError, match="customers"):
        await reference.all_of(CustomerBody)


async def test_pricing_sees_one_moment_and_reads_again_only_what_changed(record, reference):
    await world(record)
    first = await reference.pricing_inputs(["A", "NONE"])
    assert first.position == first.context.position == await reference.reference_position()
    assert [r.body.code for r in first.context.rules] == ["R"]
    assert [p.code for p in first.context.products] == ["P"]
    assert [r.code for r in first.context.rates] == ["X"]
    assert first.customers.keys() == {"A"}
    again = await reference.pricing_inputs()
    assert again.context is first.context
    await patch(record.desk, origin(), KINDS["product"], "P", {"category": "c"})
    await retire(record.desk, origin(), KINDS["product"], "P")
    await retire(record.desk, origin(), KINDS["pricing-rule"], "R")
    await patch(record.desk, origin(), KINDS["cluster"], "low", {"parent": "top"})
    later = await reference.pricing_inputs()
    assert later.position > first.position
    assert [r.body.code for r in later.context.rules] == []
    assert [(p.version, p.category) for p in later.context.products] == [(3, "c")]
    assert later.context.rates == first.context.rates
    assert [c.code for c in later.clusters.up("low")] == ["low", "top"]
    assert [c.code for c in first.clusters.up("low")] == ["low", "mid", "top"]
    fresh = StoredReference(record.store, record.pool)
    assert (await fresh.pricing_inputs()).context == later.context


async def test_from_when_customers_are_billed_is_one_question(record, reference):
    await world(record)
    await retire(record.desk, origin(), KINDS["customer"], "B")
    day = date(2026, 1, 1)
    assert await reference.billed_from(["A", "B", "C", "D", "none"]) == {"A": day, "B": day}
    assert await reference.billed_from([]) == {}
