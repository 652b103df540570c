"""Each built-in format, a user's own mapping, and what a wrong mapping is told."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.provider_files.catalogue import built_in, detect, load_mapping
from adapters.provider_files.mapping import parse_mapping_text
from commands.ports.provider_files import Expect, FileRejected, SourceNames
from services.demo.generator.columns import DAILY_RATED, FOCUS_1_0, FOCUS_1_2, NCE_RECONCILIATION
from tests.adapters.provider_files.given import READER, chunks, focus, rejection, report, rows

LEGACY = tuple(
    """PartnerId CustomerId CustomerName MpnId ResellerMpnId OrderId SubscriptionId SyndicationPartnerSubscriptionNumber
    OfferId DurableOfferId OfferName SubscriptionStartDate SubscriptionEndDate ChargeStartDate ChargeEndDate ChargeType
    UnitPrice Quantity Amount TotalOtherDiscount Subtotal Tax TotalForCustomer Currency DomainName SubscriptionName
    SubscriptionDescription BillingCycleType""".split()  # noqa: SIM905
)


def file(columns: tuple[str, ...], *lines: dict[str, str]) -> bytes:
    return "\n".join(
        [",".join(columns), *(",".join(line.get(name, "") for name in columns) for line in lines)]
    ).encode()


NCE = {
    "PartnerId": "p", "CustomerId": "c-1", "CustomerName": "Alder", "InvoiceNumber": "G1", "ProductId": "DZH", "SkuId": "0001",
    "Subtotal": "20.00", "TaxTotal": "4.00", "Currency": "EUR", "SubscriptionId": "s-1", "ChargeStartDate": "3/1/2026",
    "ChargeEndDate": "3/31/2026", "EffectiveUnitPrice": "10", "UnitType": "License", "BillableQuantity": "2", "PCToBCExchangeRate": "1",
}  # fmt: skip
DAILY = {
    "PartnerId": "p", "CustomerId": "c-1", "InvoiceNumber": "G1", "ProductId": "DZH", "SkuId": "0002", "MeterId": "m-1",
    "SubscriptionId": "", "EntitlementId": "e-1", "UsageDate": "3/5/2026", "Unit": "1 Hour", "Quantity": "3", "EffectiveUnitPrice": "0.5",
    "PCToBCExchangeRate": "1", "BillingPreTaxTotal": "1.5", "BillingCurrency": "EUR",
}  # fmt: skip


@pytest.mark.parametrize(
    ("header", "name", "columns"),
    [
        (FOCUS_1_0, "focus-1.0", 43),
        (FOCUS_1_2, "focus-1.2", 57),
        (NCE_RECONCILIATION, "microsoft-nce-reconciliation", 46),
        (DAILY_RATED, "microsoft-daily-rated", 54),
        (LEGACY, "microsoft-legacy-licence", 28),
    ],
)
def test_formats_are_known_by_their_header_in_any_order(header, name, columns):
    assert len(header) == len(set(header)) == columns
    assert detect(header).name == name
    assert detect(tuple(reversed(header))).name == name
    for missing in built_in()[name].required:
        left = tuple(column for column in header if column != missing)
        assert missing in rejection(file(left, {}), mapping=name).message


def test_nce_reconciliation():
    usage = {
        **NCE,
        "MeterDescription": "hours",
        "Subtotal": "1.99",
        "TaxTotal": "0",
        "BillableQuantity": "0.2",
        "EffectiveUnitPrice": "9.99",
    }
    content = file(NCE_RECONCILIATION, NCE, usage, {**NCE, "CreditReasonCode": "X", "Subtotal": "-20"})
    (chunk,) = chunks(content)
    first, second, third = rows(content)
    assert first[1:14] == [
        "licence", "purchase", "c-1", "DZH:0001", "s-1", "2026-03-01", "2026-03-31", "2", "License", "10", "20", "4", "EUR",
    ]  # fmt: skip
    assert (second[1:3], third[1:3]) == (["usage", "usage"], ["licence", "credit"])
    assert chunk.sums["licence"].amount == 0
    assert chunk.sums["licence"].tax == 8
    assert json.loads(first[14]) == {
        "PartnerId": "p",
        "CustomerName": "Alder",
        "InvoiceNumber": "G1",
        "PCToBCExchangeRate": "1",
    }


def test_daily_rated():
    (line,) = rows(file(DAILY_RATED, DAILY))
    assert line[1:14] == [
        "usage",
        "usage",
        "c-1",
        "DZH:0002",
        "e-1",
        "2026-03-05",
        "2026-03-05",
        "3",
        "1 Hour",
        "0.5",
        "1.5",
        "",
        "EUR",
    ]
    assert json.loads(line[14])["MeterId"] == "m-1"


def test_legacy_licence_has_seats_as_its_unit():
    line = {
        "PartnerId": "p", "CustomerId": "c-1", "OfferId": "o-1", "SubscriptionId": "s-1", "ChargeStartDate": "3/1/2026",
        "ChargeEndDate": "3/31/2026", "UnitPrice": "5", "Quantity": "3", "Subtotal": "15", "Tax": "3", "Currency": "EUR",
    }  # fmt: skip
    (found,) = rows(file(LEGACY, line))
    assert found[1:14] == [
        "licence",
        "purchase",
        "c-1",
        "o-1",
        "s-1",
        "2026-03-01",
        "2026-03-31",
        "3",
        "seats",
        "5",
        "15",
        "3",
        "EUR",
    ]


def test_aliases_are_the_same_column():
    header = tuple("Tier2MpnId" if name == "ResellerMpnId" else name for name in NCE_RECONCILIATION)
    (line,) = rows(file(header, {**NCE, "Tier2MpnId": "mpn"}))
    assert json.loads(line[14])["ResellerMpnId"] == "mpn"


def test_focus_1_2_takes_the_first_alternative_that_a_line_has():
    line = {
        "BilledCost": "1", "BillingAccountId": "acc", "BillingCurrency": "EUR", "ChargeCategory": "Usage", "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": "2026-03-01", "ChargePeriodEnd": "2026-03-02", "ServiceName": "svc", "InvoiceId": "I-1",
        "ConsumedQuantity": "7", "ConsumedUnit": "GB", "ListUnitPrice": "2",
    }  # fmt: skip
    full = {
        **line,
        "SubAccountId": "sub",
        "SkuId": "sku",
        "PricingQuantity": "8",
        "PricingUnit": "TB",
        "ContractedUnitPrice": "1",
    }
    content = file(FOCUS_1_2, line, full)
    assert report(content).format == "focus-1.2"
    first, second = rows(content)
    assert (first[3], first[4], first[8:11]) == ("acc", "svc", ["7", "GB", "2"])
    assert (second[3], second[4], second[8:11]) == ("sub", "sku", ["8", "TB", "1"])
    assert json.loads(second[14])["ConsumedQuantity"] == "7"
    assert json.loads(second[14])["BillingAccountId"] == "acc"


@pytest.mark.parametrize(
    ("role", "kinds", "skipped"),
    [
        ("all", {"licence", "usage"}, {}),
        ("licence", {"licence"}, {"role": 2}),
        ("usage", {"usage"}, {"role": 1}),
        ("detail", set(), {"detail": 3}),
    ],
)
def test_roles(role, kinds, skipped):
    content = focus({}, {"ChargeCategory": "Purchase", "ChargeFrequency": "Recurring"}, {})
    assert {kind for chunk in chunks(content, role=role) for kind in chunk.sums} == kinds
    assert report(content, role=role).skipped == skipped


def test_a_role_keeps_the_lines_own_numbers():
    content = focus({}, {"ChargeCategory": "Purchase", "ChargeFrequency": "Recurring"}, {})
    assert [row[0] for row in rows(content, role="usage")] == ["1", "3"]


def test_mixed_accounts_are_refused_and_can_be_split():
    content = focus({"BillingAccountId": "one"}, {"BillingAccountId": "two"}, {"BillingAccountId": "three"})
    error = rejection(content)
    assert (error.code, error.column) == ("invoices-mixed", "BillingAccountId")
    assert all(name in error.message for name in ("one", "two", "three"))
    assert [row[0] for row in rows(content, expect=Expect(split={"BillingAccountId": ("two",)}))] == ["2"]
    both = {"extends": "focus-1.0", "identity": [], "split": {"by": "BillingAccountId", "value": ["one", "three"]}}
    assert [row[0] for row in rows(content, mapping=both)] == ["1", "3"]


def test_a_split_by_a_column_that_is_dropped():
    mapping = {"extends": "focus-1.0", "identity": [], "attributes": {"drop": ["Tags"]}}
    content = focus({"Tags": "mine"}, {"Tags": "other"})
    assert [row[0] for row in rows(content, mapping=mapping, expect=Expect(split={"Tags": ("mine",)}))] == ["1"]


def test_a_mapping_of_ones_own():
    mapping = {
        "name": "own",
        "required": ["Kunde"],
        "file": {"delimiter": ";", "skip_lines": 1},
        "columns": {
            "customer": "Kunde",
            "product": {"join": ["Art", "Nr"], "separator": "/"},
            "charge_from": "Tag",
            "amount": "Betrag",
        },
        "defaults": {"currency": "CHF", "unit": "Stk"},
        "dates": {"formats": ["d.m.yyyy"]},
        "numbers": {"decimal": ",", "group": "'"},
        "kind": {"default": "usage", "rules": [{"is": "licence", "when": {"Art": ["L"]}}]},
        "skip": [{"Kunde": "empty"}],
        "customer_name": "Name",
    }
    content = "Bericht vom März\nKunde;Name;Art;Nr;Tag;Betrag\nk1;Alder;L;7;31.3.2026;1'234,50\nk2;;V;;1.3.2026;-0,5\n;;;;;1'234,00\n".encode()
    assert [row[1:14] for row in rows(content, mapping=mapping)] == [
        ["licence", "usage", "k1", "L/7", "", "2026-03-31", "2026-03-31", "", "Stk", "", "1234.5", "", "CHF"],
        ["usage", "usage", "k2", "V", "", "2026-03-01", "2026-03-01", "", "Stk", "", "-0.5", "", "CHF"],
    ]
    seen = report(content, mapping=mapping)
    assert (seen.skipped, seen.names) == ({"skip": 1}, SourceNames(customer="Name"))
    assert READER.source_names("focus-1.2") == SourceNames("SubAccountName", "ServiceName")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"colums": {}}, "colums"),
        ({"dates": {"end": "sometimes"}}, "dates.end"),
        ({"numbers": {"decimal": ",", "group": ","}}, "decimal and group must differ"),
        ({"columns": {"amount": []}}, "columns.amount"),
        ({"kind": {"rules": [{"is": "seat", "when": {}}]}}, "kind.rules.0.is"),
        ({"extends": "focus-7"}, "focus-7"),
        ({"skip": [{"Total": "full"}]}, "skip.0.Total"),
    ],
)
def test_a_wrong_mapping_is_told_each_wrong_key(change, named):
    with pytest.raises(FileRejected) as refused:
        load_mapping({"extends": "focus-1.0", "name": "own", **change})
    assert refused.value.code == "mapping-invalid"
    assert named in refused.value.message


def test_the_documented_mapping_is_a_valid_one():
    page = (Path(__file__).resolve().parents[3] / "docs" / "mapping-files.md").read_text()
    example = page.partition("```toml\n")[2].partition("```")[0]
    assert load_mapping(parse_mapping_text(example, name="example")).name == "distributor"


def test_our_own_csv():
    content = b"number,kind,customer,product,charge_from,quantity,amount,currency,note\n5,usage,c,p,2026-03-01,1,2.5,EUR,hello\n"
    (line,) = rows(content)
    assert (line[0], line[1], line[2], line[11], json.loads(line[14])) == (
        "5",
        "usage",
        "usage",
        "2.5",
        {"note": "hello"},
    )
    assert chunks(content)[0].sums["usage"].amount == Decimal("2.5")


def test_a_line_number_twice_in_csv():
    content = b"number,kind,customer,product,charge_from,quantity,amount,currency\n" + b"".join(
        b"%d,usage,c,p,2026-03-01,1,2,EUR\n" % number for number in (1, 2, 3, 2)
    )
    error = rejection(content)
    assert (error.code, error.line) == ("line-number-twice", 2)
