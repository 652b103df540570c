"""Files that are wrong, over HTTP: a stable code, a sentence that says where and what to do, and nothing has changed.

docs/bad-input.md lists them all with their tests.
"""

import gzip
import io
import json
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.services.api.conftest import assert_problem
from tests.services.api.steps import INVOICES, line, ok, typed_in, world
from tests.services.api.test_syncs import HEAD, Lists, ended, lists

__all__ = ["lists"]  # the fixture

HEADER = b"kind,customer,product,charge_from,quantity,amount\n"
GOOD = b"usage,c-1,p-1,2026-02-03,1,10\n"
MILLION = 1_000_000


def row(amount: str) -> bytes:
    return f"usage,c-1,p-1,2026-02-03,1,{amount}\n".encode()


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lines.csv", content)
    return packed.getvalue()


CSV: dict[str, tuple[bytes, str, str]] = {
    "missing column": (b"kind,customer,product,quantity\nusage,c-1,p-1,1\n", "column-missing", "amount, charge_from"),
    "no number": (HEADER + GOOD + row("ten"), "not-a-number", "'ten'"),
    "NaN": (HEADER + GOOD + row("NaN"), "not-a-number", "'NaN'"),
    "Infinity": (HEADER + GOOD + row("Infinity"), "not-a-number", "'Infinity'"),
    "16 decimals": (HEADER + GOOD + row("1.1234567890123456"), "not-a-number", "more than 15 decimal places"),
    "ends in the middle": (HEADER + GOOD + b"usage,c-1,p-1,20", "file-truncated", "line 2"),
    "gzip ends in the middle": (gzip.compress(HEADER + GOOD * 100)[:-12], "file-truncated", "again"),
    "wrong encoding": (HEADER + GOOD + "usage,Größe,p-1,2026-02-03,1,1\n".encode("latin-1"), "encoding", "UTF-8"),
    "utf-16": ((HEADER + GOOD).decode().encode("utf-16"), "encoding", "UTF-8"),
    "bomb": (gzip.compress(HEADER + GOOD + b"\n" * (80 * 1024 * 1024)), "compression-bomb", "250 times"),
    "zip": (zipped(HEADER + GOOD), "compressed-upload", "upload its CSV"),
    "a line number twice": (
        b"number," + HEADER + b"1," + GOOD + b"2," + GOOD + b"2," + GOOD, "line-number-twice", "line number 2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CSV)
async def test_an_upload_that_is_wrong_changes_nothing(api: httpx.AsyncClient, name: str):
    content, code, said = CSV[name]
    await world(api)
    invoice = await typed_in(api)
    before = await ok(api.get("/v1/feed/position"))
    path = f"{INVOICES}/{invoice}/lines?part=a"
    answer = await api.post(path, content=content, headers={"content-type": "text/csv"})
    assert said in assert_problem(answer, 422, code)["detail"]
    assert await ok(api.get("/v1/feed/position")) == before
    shown = await ok(api.get(f"{INVOICES}/{invoice}"))
    assert (shown["parts"], shown["lines"], shown["status_reason"]) == ([], 0, "populating")
    await ok(api.post(path, content=HEADER + GOOD, headers={"content-type": "text/csv"}))


async def test_a_million_lines_with_one_bad_cell_at_the_end(api: httpx.AsyncClient):
    await world(api)
    invoice = await typed_in(api)
    before = await ok(api.get("/v1/feed/position"))

    async def content() -> AsyncIterator[bytes]:
        yield HEADER
        for _ in range(MILLION // 10_000):
            yield GOOD * 10_000
        yield row("1O")

    answer = await api.post(
        f"{INVOICES}/{invoice}/lines?part=a", content=content(), headers={"content-type": "text/csv"}, timeout=120
    )
    body = assert_problem(answer, 422, "not-a-number")
    assert (body["line"], body["column"]) == (MILLION + 1, "amount")
    assert await ok(api.get("/v1/feed/position")) == before
    assert (await ok(api.get(f"{INVOICES}/{invoice}")))["lines"] == 0
    assert (await ok(api.get(f"{INVOICES}/{invoice}/lines")))["total"] == 0


async def test_lines_in_two_currencies_are_not_imported_and_both_are_named(api: httpx.AsyncClient):
    await world(api)
    invoice = await typed_in(api, total="20.00")
    await ok(api.post(f"{INVOICES}/{invoice}/lines?part=a", json=[line("10"), line("10", currency="USD")]))
    tried = await ok(api.post(f"{INVOICES}/{invoice}/activate"))
    assert (tried["status_reason"], tried["reasons"]) == ("error", ["import_failed"])
    assert "Lines are in USD, the header is in EUR" in tried["messages"][0]
    shown = await ok(api.get(f"{INVOICES}/{invoice}"))
    assert shown["import_code"] == "foreign-currency"
    assert (await ok(api.get(f"{INVOICES}/{invoice}/usage")))["customers"] == []


async def test_negative_amounts_are_legal(api: httpx.AsyncClient):
    await world(api)
    invoice = await typed_in(api, total="-2.50")
    content = HEADER + row("-5") + row("2.5")
    await ok(api.post(f"{INVOICES}/{invoice}/lines?part=a", content=content, headers={"content-type": "text/csv"}))
    done = await ok(api.post(f"{INVOICES}/{invoice}/activate"))
    assert (done["status_reason"], done["total"]) == ("active", "-2.50")


SYNCED: dict[str, tuple[bytes, str, str]] = {
    "missing column": (b"kind,customer,product\nusage,c-1,p-1\n", "column-missing", "amount"),
    "no number": (HEAD.encode() + b"usage,c-1,p-1,2026-02-03,1,ten,EUR\n", "not-a-number", "'ten'"),
    "ends in the middle": (HEAD.encode() + b"usage,c-1,p-1,2026-02-03,1,1,EUR\nusage,c-", "file-truncated", "line 2"),
    "zip ends in the middle": (zipped(HEAD.encode() + b"x" * 1000)[:60], "file-broken", "zip"),
    "wrong encoding": (HEAD.encode("utf-16"), "encoding", "UTF-8"),
    "zip bomb": (zipped(HEAD.encode() + b"\n" * (80 * 1024 * 1024)), "compression-bomb", "250 times"),
    "two currencies": (
        HEAD.encode() + b"usage,c-1,p-1,2026-02-03,1,10,EUR\nusage,c-1,p-1,2026-02-03,1,20,USD\n",
        "foreign-currency", "Lines are in USD, the header is in EUR",
    ),
    "outside the folder": (b"", "location-not-allowed", "folder"),
}  # fmt: skip


@pytest.mark.usefixtures("working")
async def test_a_synced_file_that_is_wrong_is_not_imported_and_says_why(api: httpx.AsyncClient, lists: Lists):
    await world(api, **lists.automatic)
    for number, (content, _, _) in SYNCED.items():
        lists.offer(number)
        (lists.folder / f"{number}.csv").write_bytes(content)
    lists.entries["outside the folder"]["files"][0]["path"] = "../secret.csv"
    (lists.folder.parent / "secret.csv").write_text(HEAD)
    (lists.folder / "manifest.json").write_text(json.dumps({"invoices": list(lists.entries.values())}))
    done = await ended(api, await ok(api.post("/v1/providers/ACME/sync"), 202))
    outcomes = {result["name"].removeprefix("ACME/"): result for result in done["results"]}
    listed: list[dict[str, Any]] = (await ok(api.get("/v1/providers/ACME/invoices")))["items"]
    assert len(listed) == len(SYNCED)
    for offered in listed:
        number = offered["invoice_number"]
        _, code, said = SYNCED[number]
        shown = await ok(api.get(f"{INVOICES}/{offered['id']}"))
        assert (shown["status_reason"], shown["reasons"]) == ("error", ["import_failed"]), number
        assert (shown["import_code"], outcomes[number]["outcome"]) == (code, "failed"), number
        assert said in shown["messages"][0], number
        usage = await ok(api.get(f"{INVOICES}/{offered['id']}/usage"))
        assert usage["customers"] == [], number


@pytest.mark.parametrize(
    ("mapping", "said"),
    [("name = [", "no TOML"), ('extends = "focus-9"', "focus-9"), ('extends = "ledgerline"\ncolour = "red"', "colour")],
)
async def test_a_mapping_that_can_not_be_is_told_when_it_is_used(api: httpx.AsyncClient, mapping: str, said: str):
    await world(api, mapping=mapping)
    invoice = await typed_in(api)
    path = f"{INVOICES}/{invoice}/lines?part=a"
    answer = await api.post(path, content=HEADER + GOOD, headers={"content-type": "text/csv"})
    assert said in assert_problem(answer, 422, "mapping-invalid")["detail"]
    assert (await ok(api.get(f"{INVOICES}/{invoice}")))["parts"] == []
