"""`ledgerline import`."""

from datetime import date
from decimal import Decimal

import pytest

from services.demo.generator.focus import make_focus
from services.demo.generator.manifest import write_manifest
from services.demo.generator.sample import Header, sample_customers, sample_products

PERIOD = (date(2026, 10, 1), date(2026, 10, 31))


@pytest.fixture
def made(tmp_path):
    header = Header("F-1", date(2026, 11, 5), *PERIOD)
    return make_focus(tmp_path, 7, header, sample_customers(7, 3), sample_products(7), lines=40)


def test_without_a_total_the_sums_are_shown_and_nothing_is_stored(answer, made):
    (sums,) = answer("import", str(made.files[0].path))
    assert sums["format"] == "focus-1.2"
    assert sums["lines"] == 40
    found = [Decimal(sums[k]) for k in ("licence", "usage", "tax")]
    assert found == [made.totals.licence, made.totals.usage, made.totals.tax]
    assert answer("replay")["events"] == {}


def test_a_file_nobody_can_read_is_a_clear_error(run, tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text("a,b\n1,2\n")
    result = run("import", str(path))
    assert result.exit_code != 0
    assert "format" in str(result.exception or result.output)


def test_a_manifest_is_synced_and_what_fails_says_why(answer, made, tmp_path):
    write_manifest(tmp_path, [made])
    (found,) = answer("import", "--manifest", str(tmp_path / "manifest.json"), "--provider", "CLOUD", code=1)
    assert found["number"] == "F-1"
    assert found["status"] == "error"
    assert "could not be resolved" in found["messages"][0]
    assert answer("replay")["events"]["provider-invoice.references-unresolved"] == 1


def test_files_with_a_total_become_a_manual_invoice(answer, run, made, tmp_path):
    write_manifest(tmp_path, [made])
    result = run("import", str(made.files[0].path), "--provider", "NOBODY", "--number", "X", "--total", "1.00",
                 "--period", "2026-10-01..2026-10-31")  # fmt: skip
    assert result.exit_code != 0
    assert "NOBODY" in str(result.exception)
    assert answer("replay")["events"] == {}


def test_a_mapping_file_is_a_format(answer, made, tmp_path):
    mapping = tmp_path / "ours.toml"
    mapping.write_text('name = "ours"\nextends = "focus-1.2"\nidentity = []\n')
    (sums,) = answer("import", str(made.files[0].path), "--format", str(mapping))
    assert (sums["format"], sums["lines"]) == ("ours", 40)


def test_lines_as_ndjson_are_read_too(answer, tmp_path):
    path = tmp_path / "lines.ndjson"
    path.write_text('{"kind":"usage","charge_from":"2026-10-03","quantity":"1","amount":"1.5"}\n' * 2)
    (sums,) = answer("import", str(path))
    assert (sums["lines"], sums["usage"]) == (2, "3")
