"""Tables, rows and catalogue say the same, and facts are read as they are."""

import pytest

from adapters.event_store.codec import UnreadableEvent
from adapters.projector.decoding import StoredDecoder
from domain.facts import TOPIC_OF_KIND
from projections.catalogue import READ_MODELS
from projections.read_model import Step
from tests.adapters.projector.conftest import MODELS, TABLES
from tests.support.billing import CustomerInvoiceFacts, OfferFacts, ProviderInvoiceFacts
from tests.support.contract_facts import ContractFacts, cycle
from tests.support.records import Happened

DECODER = StoredDecoder()


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_a_table_has_the_columns_of_its_row(look, table):
    found = look.connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'read_models' AND table_name = %s",
        (table.name,),
    ).fetchall()
    assert {c for (c,) in found} == set(table.columns)
    assert (
        look.one(
            "SELECT count(*) FROM pg_index WHERE indisprimary AND indrelid = %s::regclass", f"read_models.{table.name}"
        )
        == 1
    )


def test_the_catalogue_knows_every_read_model_and_its_topics(look):
    rows = look.connection.execute("SELECT name, topics FROM read_models.catalogue").fetchall()
    assert {name: frozenset(topics) for name, topics in rows} == {m.name: m.topics for m in MODELS}


def test_every_type_a_read_model_takes_comes_on_its_topics():
    for model in READ_MODELS.values():
        kinds = {t.partition(".")[0] for t in model.by_type}
        assert {TOPIC_OF_KIND[k] for k in kinds} == set(model.topics)


def test_tables_have_names_of_their_own():
    assert len({t.name for t in TABLES}) == len(TABLES)


def steps_with_parts() -> list[Step]:
    return [s for m in MODELS for s in m.steps if s.reads is not None]


@pytest.mark.parametrize("step", steps_with_parts(), ids=lambda s: s.type)
def test_a_part_of_a_fact_is_as_in_the_whole(step):
    c, i = CustomerInvoiceFacts(), ProviderInvoiceFacts()
    o = OfferFacts(i)
    billed = (c.added(), c.removed(), c.changed(), c.calculated(), c.reopened(), c.commented())
    decided = (c.step_approved("person:bob"), c.step_rejected(1))
    replaced = (c.recomputed(), c.superseded(i.stream.id), c.restored(i.stream.id))
    k, january = ContractFacts(), cycle(1)
    lines = (k.line_ended(), k.quantity(), k.price(), k.milestone(), k.ready("M1"), k.unready("M1"))
    made = k.made("c-1")
    contracts = (*lines, k.invoiced(january, made), k.rebilled(january, made), k.received(january))
    facts = {f.type: f for f in (*billed, *decided, *replaced, *contracts, i.populated(), o.invoiced(i.stream.id))}
    [record] = Happened().add(c.stream, facts[step.type])
    part = DECODER.fact(record, step.reads)
    assert {name: getattr(part, name) for name in step.reads} == {
        name: getattr(facts[step.type], name) for name in step.reads
    }
    with pytest.raises(AttributeError):
        part.no_such_field  # noqa: B018 -- asking is the test


def test_a_part_that_does_not_fit_is_refused():
    c = CustomerInvoiceFacts()
    [record] = Happened().add(c.stream, c.added(), data=b'{"lines": 1, "cost": "NaN"}')
    with pytest.raises(UnreadableEvent, match="does not fit its class"):
        DECODER.fact(record, frozenset({"lines", "cost"}))
