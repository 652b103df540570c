"""Whatever goes wrong at the terminal: one line that says what to do, no stack trace, and an exit code that means it."""

import json
import sys
from collections.abc import Callable

import pytest

from services.cli.main import main
from services.demo.generator.focus import make_focus
from services.demo.generator.manifest import write_manifest
from services.demo.generator.sample import Header, sample_customers, sample_products
from tests.services.cli.test_import import PERIOD

Ended = Callable[..., tuple[int, str]]


@pytest.fixture
def ended(database: str, tmp_path, monkeypatch, capsys) -> Ended:
    """`ended("import", "x.csv")`: exit code and all that was printed."""
    monkeypatch.setenv("LEDGERLINE_DATABASE_URL", database)
    monkeypatch.setenv("LEDGERLINE_DATA", str(tmp_path / "data"))

    def invoke(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["ledgerline", *arguments])
        with pytest.raises(SystemExit) as exit_:
            main()
        said = capsys.readouterr()
        return int(exit_.value.code or 0), said.out + said.err

    return invoke


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("import", "odd.csv"), "format"),
        (("import", "--manifest", "odd.csv", "--provider", "X"), "list"),
        (("import", "odd.csv", "--total", "1", "--provider", "X", "--number", "1", "--period", "May"), "--period"),
        (("events", "export", "nowhere/x.ndjson"), "can't be written"),
        (("rebuild", "nothing"), "invoice_list"),
        (("keys", "create", "x", "--role", "king"), "king"),
        (("keys", "revoke", "0f5aa5ac-0000-5000-8000-000000000000"), "There is no key"),
        (("verify", "--noted", "x"), "POSITION:ANCHOR"),
        (("topics", "create"), "KAFKA_BOOTSTRAP_SERVERS"),
        (("relay",), "KAFKA_BOOTSTRAP_SERVERS"),
    ],
)
def test_what_can_not_be_done_is_2(ended: Ended, tmp_path, monkeypatch, arguments: tuple[str, ...], says: str):
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    monkeypatch.chdir(tmp_path)
    code, said = ended(*arguments)
    assert (code, says in said) == (2, True), said
    assert "Traceback" not in said


def test_what_was_found_wrong_is_1(ended: Ended):
    code, said = ended("replay", "provider-invoice/0f5aa5ac-0000-5000-8000-000000000000")
    assert (code, "There is no stream" in said) == (1, True)


def test_a_server_that_is_away_is_3(ended: Ended, monkeypatch):
    monkeypatch.setenv("LEDGERLINE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")
    code, said = ended("verify")
    assert (code, "Traceback" in said) == (3, False), said


def test_a_misspelt_setting_is_2(ended: Ended, monkeypatch):
    monkeypatch.setenv("LEDGERLINE_DATABASE_ULR", "x")
    code, said = ended("verify")
    assert (code, "did you mean LEDGERLINE_DATABASE_URL" in said) == (2, True)


def test_what_a_manifest_lists_and_can_not_be_imported_is_named_too(ended: Ended, tmp_path):
    header = Header("F-1", *PERIOD[1:], *PERIOD)
    made = make_focus(tmp_path, 7, header, sample_customers(7, 3), sample_products(7), lines=40)
    write_manifest(tmp_path, [made])
    manifest = tmp_path / "manifest.json"
    listed = json.loads(manifest.read_text())
    listed["invoices"][0]["total"] = "1.005"
    manifest.write_text(json.dumps(listed))
    code, said = ended("import", "--manifest", str(manifest), "--provider", "CLOUD", "--json")
    assert code == 1, said
    [found] = json.loads(said)
    assert (found["number"], found["status"]) == ("CLOUD/F-1", "refused")
    assert "decimals" in found["messages"][0]


def test_json_for_machines(ended: Ended, tmp_path):
    made = json.loads(ended("keys", "create", "x", "--role", "viewer", "--json")[1])
    to = tmp_path / "events.ndjson"
    assert json.loads(ended("events", "export", str(to), "--json")[1])["events"] == 1
    assert json.loads(ended("keys", "revoke", made["id"], "--json")[1])["status"] == "revoked"
