"""The worked examples of docs/pricing.md are what the code computes; the codes it names are those of the code."""

import json
import re

import pytest

from tests.domain.pricing.setting import amounts, bought, context, day, priced, product, rule
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "pricing.md").read_text(encoding="utf-8")


def examples() -> list[tuple[dict, str, str, str]]:
    """Price, quantity, cost and amount of each row; `the same` is the price of the row before."""
    table = PAGE.partition("| price | quantity |")[2].partition("\n\n")[0]
    found: list[tuple[dict, str, str, str]] = []
    for line in table.splitlines()[2:]:
        price, quantity, cost, amount, _ = [cell.strip() for cell in line.strip("|").split("|")]
        found.append((found[-1][0] if price == "the same" else json.loads(price.strip("`")), quantity, cost, amount))
    return found


@pytest.mark.parametrize(("price", "quantity", "cost", "amount"), examples())
def test_an_example_is_what_is_computed(price, quantity, cost, amount):
    groups = [bought(quantity, cost=cost or None)] if quantity else []
    ctx = context(rule("R", price), products=[product(prices=[("EUR", day(1, 1), "2.00")])])
    assert amounts(priced(groups, ctx)) == [amount]


def test_every_family_has_an_example():
    source = (ROOT / "domain" / "pricing" / "rule.py").read_text(encoding="utf-8")
    assert {price["family"] for price, *_ in examples()} == set(re.findall(r'family: Literal\["(\w+)"\]', source))


def test_the_failures_are_those_of_the_code():
    files = [ROOT / "domain" / "pricing" / name for name in ("refusals.py", "calculate.py")]
    source = "\n".join(path.read_text(encoding="utf-8") for path in files)
    table = PAGE.partition("## What can't be priced")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z-]+)`", table, re.MULTILINE)) == set(
        re.findall(r'Failure\(\s*"([a-z-]+)"', source)
    )
