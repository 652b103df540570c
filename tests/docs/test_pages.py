"""What the pages point at is there, and what can be set is on the page for operators."""

import re
from pathlib import Path

import pytest

from services.settings import Settings
from tests.support.paths import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path):
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_file_that_is_named_is_there(page: Path):
    """Names in backticks that look like a path from the top."""
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`((?:domain|commands|projections|adapters|services|tests|benchmarks|docs)/[\w./-]*)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_operators_find_every_setting():
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Z][A-Z_]+)`", page))
    assert sorted({name.upper() for name in Settings.model_fields} - named) == []
