"""Reference data as saved, with what is personal left as it came."""

from domain.reference import events as r
from projections.reference_list.fold import REFERENCE_LIST
from tests.projections.given import only
from tests.support.billing import cluster_saved, customer_saved
from tests.support.records import Happened


def test_saved_again_retired_and_saved():
    stream, first = cluster_saved("north")
    happened = Happened()
    happened.add(stream, first)
    happened.add(stream, r.ClusterRetired(code="north", version=2, reason="closed"))
    row = only(REFERENCE_LIST, happened)
    assert (row.kind, row.code, row.name, row.retired, row.retired_reason) == (
        "cluster",
        "north",
        "north",
        True,
        "closed",
    )
    happened.add(stream, first)
    row = only(REFERENCE_LIST, happened)
    assert (row.retired, row.retired_reason, row.created_position, row.version) == (False, None, 1, 3)


def test_a_customers_name_is_no_plain_column():
    stream, saved = customer_saved("c-1", name="enc:1:abc")
    happened = Happened()
    happened.add(stream, saved)
    row = only(REFERENCE_LIST, happened)
    assert (row.name, row.body["name"], row.body["currency"]) == (None, "enc:1:abc", "EUR")


def test_erased():
    stream, saved = customer_saved("c-1")
    happened = Happened()
    happened.add(stream, saved)
    happened.add(stream, r.CustomerErased(code="c-1", reason="asked"))
    assert only(REFERENCE_LIST, happened).erased
