"""docs/bad-input.md: every refusal it lists has a code that the source knows and tests that are there."""

import ast
import re

import pytest

from tests.support.paths import ROOT

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "bad-input.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith(("| what", "|---"))
]
SOURCE = "\n".join(
    path.read_text(encoding="utf-8")
    for layer in ("domain", "commands", "adapters", "services")
    for path in (ROOT / layer).rglob("*.py")
)


def functions_of(path: str) -> set[str]:
    found = ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
    return {n.name for n in found if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_the_page_has_its_rows():
    assert len(ROWS) > 30
    assert {len(row) for row in ROWS} == {3}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_its_tests_and_codes_are_there(row: list[str]):
    _, said, held_by = row
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`", held_by)
    assert named
    for path, test in named:
        assert (ROOT / path).is_file()
        assert not test or test in functions_of(path), test
    for code in re.findall(r"`([a-z]+(?:-[a-z]+)+|encoding)`", said):
        assert f'"{code}"' in SOURCE, code
