import pytest

from adapters.event_store.codec import Codec
from commands.reference.desk import Desk
from commands.reference.erase import erase
from commands.reference.rows import IdentifierRows
from commands.reference.save import save
from domain.identity import reference_stream
from domain.reference.bodies import CustomerBody, Identifier, ProviderBody
from domain.reference.kinds import KINDS
from domain.rejected import Rejected
from tests.support.memory_store import MemoryEventStore
from tests.support.memory_vault import MemoryKeyVault
from tests.support.origins import origin
from tests.support.reference import Kept, NoTemplates

STREAM = reference_stream("customer", "C")


@pytest.fixture
def vault():
    return MemoryKeyVault()


@pytest.fixture
async def desk(vault):
    desk = Desk(MemoryEventStore(Codec(vault)), NoTemplates())
    await save(desk, origin(), KINDS["provider"], ProviderBody(code="ACME", name="Acme"))
    identifiers = (Identifier(provider="ACME", identifier="t"),)
    body = CustomerBody(code="C", name="Somebody", emails=("s@example.test",), identifiers=identifiers)
    await save(desk, origin(), KINDS["customer"], body)
    return desk


async def test_readers_show_erased_and_identifiers_are_free(desk, vault):
    done = await erase(desk, vault, Kept(), origin(), "C", "asked for it")
    assert (done.outcome.result, done.outcome.version) == ("erased", 2)
    assert desk.store.rows[-1] == IdentifierRows("customer", (("C", ()),))
    stored = desk.store.events[1]
    body = Codec(vault).decode(stored.type, stored.schema_version, stored.data).body
    assert (body.name, body.emails, body.code) == ("[erased]", ("[erased]",), "C")


async def test_again_finishes_what_a_crash_left(desk, vault):
    await erase(desk, vault, Kept(), origin(), "C", "asked for it")
    vault.key_for("customer/C")
    done = await erase(desk, vault, Kept("F-1"), origin(), "C", "asked for it")
    assert (done.position, len(desk.store.facts(STREAM))) == (0, 2)
    assert not await vault.erase("customer/C")


async def test_what_the_law_needs_is_kept(desk, vault):
    with pytest.raises(Rejected, match="retention") as info:
        await erase(desk, vault, Kept("INV-1", "INV-2"), origin(), "C", "asked for it")
    assert info.value.facts["invoices"] == ["INV-1", "INV-2"]
    assert len(desk.store.facts(STREAM)) == 1
    assert await vault.erase("customer/C")


async def test_nobody_is_not_found(desk, vault):
    with pytest.raises(Rejected, match="not-found"):
        await erase(desk, vault, Kept(), origin(), "D", "asked for it")
