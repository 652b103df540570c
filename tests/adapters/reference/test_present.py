from uuid import uuid4

import pytest

from adapters.reference import StoredReference
from commands.ports.event_store import Conflict, Save, Write
from commands.provider_invoice.desk import unwritten
from commands.reference.retire import retire
from commands.reference.save import patch, save
from domain.identity import Stream
from domain.provider_invoice.populate import started
from domain.reference.bodies import Connection, CustomerBody, ProviderBody
from domain.reference.kinds import KINDS
from tests.support.origins import origin
from tests.support.provider_invoices import header

PROVIDER = KINDS["provider"]


@pytest.fixture
def reference(record):
    return StoredReference(record.store, record.pool)


async def test_a_provider_is_never_behind_what_was_answered(record, reference):
    assert await reference.provider("ACME") is None
    await save(record.desk, origin(), PROVIDER, ProviderBody(code="ACME", name="Acme"))
    known = await reference.provider("ACME")
    assert (known.version, known.body.name) == (1, "Acme")
    for n in range(3):
        await patch(record.desk, origin(), PROVIDER, "ACME", {"name": f"Acme {n}"})
        known = await reference.provider("ACME")
        assert (known.version, known.body.name) == (n + 2, f"Acme {n}")
    await retire(record.desk, origin(), PROVIDER, "ACME")
    assert await reference.provider("ACME") is None


async def test_all_providers_in_force_by_code(record, reference):
    for code in "CAB":
        body = ProviderBody(code=code, name=code, mode="automatic", connection=Connection(manifest="m.json"))
        await save(record.desk, origin(), PROVIDER, body)
    await retire(record.desk, origin(), PROVIDER, "B")
    assert [known.body.code for known in await reference.providers()] == ["A", "C"]


async def test_names_of_customers_that_exist(record, reference):
    await save(record.desk, origin(), KINDS["customer"], CustomerBody(code="C1", name="One Ltd"))
    assert await reference.customer_names(["C1", "C2", "C1"]) == {"C1": "One Ltd"}
    assert await reference.customer_names([]) == {}


async def test_a_save_that_took_a_provider_as_seen_finds_out_that_it_changed(record, reference):
    await save(record.desk, origin(), PROVIDER, ProviderBody(code="ACME", name="Acme"))
    seen = await reference.provider_as_seen("ACME")
    await retire(record.desk, origin(), PROVIDER, "ACME")
    assert await reference.provider_as_seen("ACME") == seen
    stream = Stream("provider-invoice", uuid4())
    begun = started(None, "ACME", "F-1", header=header(), source="manual")
    with pytest.raises(Conflict):
        await record.store.append(Save(origin(), (Write(unwritten(stream), (begun,)), Write(seen.seen, ()))))
    assert (await record.store.load(stream)).version == 0
    assert await reference.provider("ACME") is None
    assert await reference.provider_as_seen("ACME") is None
