import pytest

from commands.reference import bulk
from commands.reference.bulk import items_of_json, load_many
from commands.reference.csv_items import items_of_csv
from domain.identity import reference_stream
from domain.reference.bodies import CustomerBody, Identifier, ProviderBody
from domain.reference.events import CustomerSaved, ProviderSaved
from domain.reference.kinds import KINDS
from domain.reference.state import fold
from domain.rejected import Rejected
from tests.support.origins import origin
from tests.support.reference import memory_desk

CUSTOMER, PRODUCT = KINDS["customer"], KINDS["product"]
HEADER = b"kind,provider,reference,code,name,lines,first_lines,amount,currency,hint\n"


@pytest.fixture
async def desk():
    desk = memory_desk()
    acme = ProviderSaved(code="ACME", version=1, body=ProviderBody(code="ACME", name="Acme"))
    await desk.store.given(reference_stream("provider", "ACME"), acme)
    return desk


async def body_of(desk, kind, code):
    return fold((await desk.store.load(reference_stream(kind, code))).facts).body


async def test_each_item_has_its_own_result_and_the_good_ones_are_done(desk):
    items = items_of_json(
        [
            {"code": "A", "name": "a"},
            {"code": "B", "name": "b", "country": "nowhere"},
            "no object",
            {"code": "A", "name": "a"},
            {"code": "A", "name": "aa"},
            {"name": "no code"},
            {"code": "C", "name": "c", "cluster": "none"},
        ]
    )
    loaded = await load_many(desk, origin(), CUSTOMER, items)
    assert [r.result for r in loaded.results] == [
        "created",
        "rejected",
        "rejected",
        "unchanged",
        "updated",
        "rejected",
        "rejected",
    ]
    assert loaded.results[1].error.facts["errors"][0]["pointer"] == "/country"
    assert loaded.results[6].error.code == "unknown-cluster"
    assert (loaded.results[4].version, loaded.position) == (2, desk.store.events[-1].position)
    assert (await body_of(desk, "customer", "A")).name == "aa"


async def test_a_slice_is_one_transaction_and_progress_is_told(desk, monkeypatch):
    monkeypatch.setattr(bulk, "SLICE", 10)
    told = []
    items = items_of_json([{"code": f"P{i}", "name": "p"} for i in range(25)])
    loaded = await load_many(desk, origin(), PRODUCT, items, progress=lambda *done: told.append(done))
    assert loaded.count("created") == 25
    assert told == [(10, 25), (20, 25), (25, 25)]
    assert {e.commit_size for e in desk.store.events[1:]} == {10, 5}


async def test_where_a_slice_fails_as_a_whole_its_items_stand_alone(desk):
    rate = {"from_currency": "USD", "to_currency": "EUR", "date": "2026-01-02", "rate": "0.9", "source": "x"}
    items = items_of_json(
        [{**rate, "code": "one"}, {**rate, "code": "two"}, {**rate, "code": "3", "date": "2026-01-03"}]
    )
    loaded = await load_many(desk, origin(), KINDS["exchange-rate"], items)
    assert [r.result for r in loaded.results] == ["created", "rejected", "created"]
    assert loaded.results[1].error.code == "not-unique"


async def test_clusters_may_follow_their_parents_in_one_list(desk):
    items = items_of_json([{"code": "a", "name": "a"}, {"code": "b", "name": "b", "parent": "a"}])
    assert (await load_many(desk, origin(), KINDS["cluster"], items)).count("created") == 2


async def test_too_many_items_are_refused_before_any_is_saved(desk, monkeypatch):
    monkeypatch.setattr(bulk, "MAX_ITEMS", 1)
    with pytest.raises(Rejected, match="too-many-items"):
        await load_many(desk, origin(), PRODUCT, items_of_json([{"code": "a"}, {"code": "b"}]))


class TestErrorsCsv:
    """An errors.csv with its codes filled in, posted as it is."""

    async def load(self, desk, kind, rows):
        found = items_of_csv(kind, HEADER + rows)
        return found, await load_many(desk, origin(), kind, found.items)

    async def test_a_new_code_is_made_and_an_existing_one_gains_the_identifier(self, desk):
        old = CustomerBody(code="OLD", name="Old", identifiers=(Identifier(provider="ACME", identifier="t-0"),))
        await desk.store.given(reference_stream("customer", "OLD"), CustomerSaved(code="OLD", version=1, body=old))
        found, loaded = await self.load(
            desk,
            CUSTOMER,
            b"customer,ACME,t-1,NEW,New Ltd,3,1 2 3,120.00,USD,hint\n"
            b"customer,ACME,t-2,OLD,ignored,1,4,20.00,USD,hint\n"
            b"product,ACME,sku,,A product,1,4,20.00,USD,hint\n"
            b"customer,ACME,t-3,,Nobody,1,5,10.00,USD,hint\n"
            b"customer,ACME,t-4,NEW,New Ltd,1,5,10.00,USD,hint\n",
        )
        assert [(r.line, r.result) for r in found.skipped] == [(5, "skipped")]
        assert "t-3" in found.skipped[0].error.detail
        assert [(r.code, r.result, r.line) for r in loaded.results] == [("NEW", "created", 2), ("OLD", "updated", 3)]
        new = await body_of(desk, "customer", "NEW")
        assert (new.name, new.currency) == ("New Ltd", "USD")
        assert [i.identifier for i in new.identifiers] == ["t-1", "t-4"]
        assert (await body_of(desk, "customer", "OLD")).name == "Old"

    async def test_posting_it_again_changes_nothing(self, desk):
        rows = b"product,ACME,sku,P,A product,1,4,20.00,USD,hint\n"
        await self.load(desk, PRODUCT, rows)
        _, again = await self.load(desk, PRODUCT, rows)
        assert [r.result for r in again.results] == ["unchanged"]

    async def test_a_long_name_of_the_providers_is_cut(self, desk):
        await self.load(desk, PRODUCT, b"product,ACME,sku,P," + b"x" * 500 + b",1,4,20.00,USD,hint\n")
        assert (await body_of(desk, "product", "P")).name == "x" * 200

    async def test_a_row_without_reference_is_refused_alone(self, desk):
        _, loaded = await self.load(desk, PRODUCT, b"product,ACME,,P,x,,,,,\nproduct,ACME,s,Q,x,,,,,\n")
        assert [r.result for r in loaded.results] == ["rejected", "created"]
        assert "Line 2" in loaded.results[0].error.detail


class TestCsv:
    async def test_columns_are_fields_and_json_cells_are_values(self, desk):
        data = (
            "\ufeffcode;name;unit_factors;identifiers\n"
            'P;Ä product;"{""h"": ""1.5""}";"[{""provider"": ""ACME"", ""identifier"": ""s""}]"\n'
            "Q;Other;;\n"
        ).encode()
        loaded = await load_many(desk, origin(), PRODUCT, items_of_csv(PRODUCT, data).items)
        assert loaded.count("created") == 2
        body = await body_of(desk, "product", "P")
        assert (body.name, str(body.unit_factors["h"]), body.identifiers[0].identifier) == ("Ä product", "1.5", "s")

    @pytest.mark.parametrize(
        ("data", "code", "says"),
        [
            (b"", "csv-unreadable", "empty"),
            (b"code,name\nP,\xff\n", "csv-unreadable", "Line 2 is not UTF-8"),
            (b'code,name\nP,"x\nQ,y\n', "csv-unreadable", "begins on line 2"),
            (b"code,name\nP,x\nQ\n", "csv-unreadable", "Line 3 has 1 cells, the header 2"),
            (b"code,code\n", "csv-unreadable", "twice"),
            (b"code,\n", "csv-unreadable", "Column 2 has no name"),
            (b"code,name,colour\n", "unknown-column", "colour"),
            (b"code\nP\n", "missing-column", "name"),
            (b"code,name\nP,a\x00b\n", "csv-unreadable", "zero byte"),
        ],
    )
    def test_what_is_wrong_is_said_with_its_line(self, data, code, says):
        with pytest.raises(Rejected) as info:
            items_of_csv(PRODUCT, data)
        assert info.value.code == code
        assert says in info.value.detail

    def test_too_many_rows(self, monkeypatch):
        monkeypatch.setattr("commands.reference.csv_items.MAX_ITEMS", 2)
        with pytest.raises(Rejected, match="too-many-items"):
            items_of_csv(PRODUCT, b"code,name\na,a\nb,b\nc,c\n")
