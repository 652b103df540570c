"""Real data over HTTP: the FOCUS sample, uploaded to an API process as CSV; once whole, once split by issuer."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.paths import ROOT
from tests.support.ports import free_port
from tests.support.processes import Processes

SAMPLE = ROOT.parent / "shared" / "data" / "focus_1.0_sample.csv"
WHOLE_SUM = Decimal("20.52022672899")  # as the sample's description says
MAPPING = 'name = "our-focus"\nextends = "focus-1.0"\nidentity = []\n'

pytestmark = pytest.mark.skipif(not SAMPLE.parent.exists(), reason="the sample data is not beside the checkout")


@pytest.fixture
def api(processes: Processes, database: str, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of an API process on a database of its own, with the key that an empty store begins with."""
    port = free_port()
    service = processes.ledgerline(
        "api",
        LEDGERLINE_DATABASE_URL=database,
        LEDGERLINE_DATA=str(tmp_path / "data"),
        LEDGERLINE_PORT=str(port),
        LEDGERLINE_LOG_LEVEL="warning",
    )
    service.wait_for_url(f"http://127.0.0.1:{port}/readyz")
    secret = re.search(r"ll_\S+", service.output())
    assert secret is not None
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}/v1", headers={"authorization": f"Bearer {secret[0]}"}, timeout=60
    ) as client:
        yield client


def sums_by_issuer() -> dict[str, tuple[int, Decimal]]:
    """Lines and exact BilledCost of each issuer, read by nothing of ours."""
    found: dict[str, tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    with SAMPLE.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            lines, amount = found[row["InvoiceIssuerName"]]
            found[row["InvoiceIssuerName"]] = lines + 1, amount + Decimal(row["BilledCost"])
    return dict(found)


def ok(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


def imported(api: httpx.Client, provider: str, mapping: str, exact: Decimal) -> tuple[str, dict[str, Any]]:
    """Type in the header, upload the file, mend the references by the filled-in errors.csv, activate."""
    ok(api.put(f"/providers/{provider}", json={"name": provider, "mapping": mapping}))
    header = {
        "provider": provider,
        "invoice_number": "2024-09",
        "invoice_date": "2024-10-01",
        "period_from": "2024-09-01",
        "period_to": "2024-09-30",
        "currency": "USD",
        "total": str(exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)),
    }
    made = api.post("/provider-invoices", json=header)
    assert made.status_code == 201, made.text
    invoice = f"/provider-invoices/{made.json()['id']}"
    with SAMPLE.open("rb") as file:
        ok(api.post(f"{invoice}/lines?part=sample", content=file, headers={"content-type": "text/csv"}))
    tried = ok(api.post(f"{invoice}/activate"))
    assert (tried["status_reason"], tried["reasons"]) == ("error", ["unresolved_references"])
    filled_in = with_codes(api.get(f"{invoice}/errors.csv").text)
    for kind in ("customers", "products"):
        answer = ok(api.post(f"/{kind}/bulk", content=filled_in, headers={"content-type": "text/csv"}))
        assert answer["rejected"] == 0, [r for r in answer["results"] if r["result"] == "rejected"][:3]
    done = ok(api.post(f"{invoice}/activate"))
    assert done["status_reason"] == "active", done
    return invoice, ok(api.get(invoice))


def with_codes(errors: str) -> bytes:
    """The file with its empty column filled in: a code of at most 64 characters for each reference."""
    rows = list(csv.DictReader(io.StringIO(errors)))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows({**row, "code": "X-" + re.sub(r"[^A-Za-z0-9]", "-", row["reference"])[-60:]} for row in rows)
    return out.getvalue().encode()


def test_the_whole_sample_with_its_exact_sum(api: httpx.Client):
    by_issuer = sums_by_issuer()
    exact = sum((amount for _, amount in by_issuer.values()), Decimal(0))
    assert exact == WHOLE_SUM
    invoice, shown = imported(api, "FOCUS", MAPPING, exact)
    assert Decimal(shown["sums"]["exact"]) == exact
    assert shown["sums"]["rounded"] == shown["total"] == "20.52"
    assert [(part["part"], part["lines"]) for part in shown["parts"]] == [("sample", 1000)]
    usage = ok(api.get(f"{invoice}/usage"))
    assert usage["leaks"] == 0
    assert sum(Decimal(customer["cost"]) for customer in usage["customers"]) == exact
    raw = api.get(f"{invoice}/file")
    assert raw.content == SAMPLE.read_bytes()


def test_split_by_issuer_each_has_its_exact_sum_and_all_are_the_whole(api: httpx.Client):
    by_issuer = sums_by_issuer()
    total = Decimal(0)
    for number, (issuer, (lines, exact)) in enumerate(sorted(by_issuer.items())):
        mapping = f'{MAPPING}\n[split]\nby = "InvoiceIssuerName"\nvalue = ["{issuer}"]\n'
        _, shown = imported(api, f"ISSUER-{number}", mapping, exact)
        assert Decimal(shown["sums"]["exact"]) == exact, issuer
        assert [part["lines"] for part in shown["parts"]] == [lines]
        total += Decimal(shown["sums"]["exact"])
    assert (len(by_issuer), total) == (5, WHOLE_SUM)


def test_without_a_split_mixed_issuers_are_refused_and_nothing_is_stored(api: httpx.Client):
    ok(api.put("/providers/FOCUS", json={"name": "Plain FOCUS"}))
    header = {"provider": "FOCUS", "invoice_number": "1", "invoice_date": "2024-10-01", "period_from": "2024-09-01"}
    more = {"period_to": "2024-09-30", "currency": "USD", "total": "20.52"}
    invoice = f"/provider-invoices/{ok(api.post('/provider-invoices', json={**header, **more}))['id']}"
    answer = api.post(f"{invoice}/lines?part=a", content=SAMPLE.read_bytes(), headers={"content-type": "text/csv"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invoices-mixed")
    for issuer in sums_by_issuer():
        assert issuer in answer.json()["detail"]
    assert ok(api.get(invoice))["parts"] == []
