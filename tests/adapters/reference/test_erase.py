import pytest

from adapters.event_store import Codec, PostgresEventStore
from adapters.key_vault import PostgresKeyVault
from commands.reference.desk import Desk
from commands.reference.erase import erase
from commands.reference.save import save
from domain.identity import reference_stream
from domain.reference.bodies import Address, CustomerBody, Identifier, ProviderBody
from domain.reference.kinds import KINDS
from domain.rejected import Rejected
from tests.support.origins import origin
from tests.support.record import WRITERS
from tests.support.reference import Kept, NoTemplates


async def test_a_destroyed_key_erases_what_is_stored_and_the_chain_stays(record, database):
    vault = PostgresKeyVault.open(database, b"k" * 32)
    async with await PostgresEventStore.open(database, Codec(vault), row_writers=WRITERS, pool_size=2) as store:
        desk = Desk(store, NoTemplates())
        await save(desk, origin(), KINDS["provider"], ProviderBody(code="ACME", name="Acme"))
        body = CustomerBody(
            code="C",
            name="Somebody",
            address=Address(lines=("Street 1",), city="Town"),
            metadata={"tag": "private"},
            identifiers=(Identifier(provider="ACME", identifier="t"),),
        )
        await save(desk, origin(), KINDS["customer"], body)
        stream = reference_stream("customer", "C")
        before = await store.history(stream)
        assert before[0].fact.body == body
        await erase(desk, vault, Kept(), origin(), "C", "asked for it")
        after = await store.history(stream)
        shown = after[0].fact.body
        assert (shown.name, shown.address.city, shown.metadata) == ("[erased]", "[erased]", {"tag": "[erased]"})
        assert (shown.code, shown.identifiers) == ("C", body.identifiers)
        assert after[0].data == before[0].data
        assert after[1].previous_hash == before[0].hash
        assert await record.rows("SELECT FROM reference_identifiers") == []
        with pytest.raises(Rejected, match="customer-erased"):
            await save(desk, origin(), KINDS["customer"], body)
    vault.close()
