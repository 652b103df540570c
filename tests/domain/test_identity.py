"""Ids are computed from natural keys, by anybody."""

from uuid import NAMESPACE_DNS, uuid5

from hypothesis import given
from hypothesis import strategies as st

from domain.identity import Stream, id_for, natural_name, normal, provider_invoice_stream

keys = st.text(min_size=1, max_size=20)


def test_the_id_is_the_uuid5_of_a_documented_name():
    namespace = uuid5(NAMESPACE_DNS, "ledgerline")
    assert id_for("provider-invoice", "ACME", "F-1") == uuid5(namespace, "provider-invoice:ACME:F-1")


def test_numbers_are_trimmed_and_nfc_but_keep_their_case():
    same = provider_invoice_stream("ACME", " Fa\u0308-1 ")
    assert same == provider_invoice_stream("ACME", "F\u00e4-1")
    assert same != provider_invoice_stream("ACME", "f\u00e4-1")


@given(st.lists(keys, min_size=1, max_size=4), st.lists(keys, min_size=1, max_size=4))
def test_no_two_lists_of_parts_share_a_name(left, right):
    if [normal(p) for p in left] != [normal(p) for p in right]:
        assert natural_name("kind", *left) != natural_name("kind", *right)


def test_a_subject_names_its_stream():
    stream = provider_invoice_stream("ACME", "F-1")
    assert Stream.parse(str(stream)) == stream
