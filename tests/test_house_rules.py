"""The rules that no linter knows, held over the source tree."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PURE = ("domain", "commands", "projections")
CODE = (*PURE, "adapters", "services")
MAX_LINES = 300
LONG_BECAUSE = "Long because"  # in the first lines of a file over the limit, followed by the reason

FORBIDDEN_IMPORTS = {"random", "secrets", "time", "locale", "socket", "subprocess", "threading"}
FORBIDDEN_NAMES = {"uuid4", "uuid1", "getenv", "environ"}
FORBIDDEN_CALLS = {"now", "utcnow", "today", "fromtimestamp", "localtime"}

SQL = re.compile(
    r"\s*(SELECT|INSERT INTO|UPDATE \S+ SET|DELETE FROM|CREATE (TABLE|INDEX|DATABASE|FUNCTION|TYPE)|DROP [A-Z]+|"
    r"ALTER [A-Z]+|TRUNCATE|WITH \w+ AS)\b"
)
MACHINE = re.compile("/" + "work/|" + "/" + r"tmp/\w|" + "/" + r"home/\w|" + "/" + "root/")
TEXT = {".py", ".sql", ".toml", ".md", ".yml", ".yaml", ".txt", ".xml", ".html", ".properties", ".json", ".csv"}


def python_files(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def impurities(tree: ast.AST) -> Iterator[str]:
    """Yield what a pure module must be given as an argument instead."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = {alias.name.partition(".")[0] for alias in node.names}
            yield from (f"line {node.lineno}: imports {name}" for name in names & FORBIDDEN_IMPORTS)
        elif isinstance(node, ast.ImportFrom):
            module = (node.module or "").partition(".")[0]
            if module in FORBIDDEN_IMPORTS:
                yield f"line {node.lineno}: imports from {module}"
            yield from (f"line {node.lineno}: {a.name}" for a in node.names if a.name in FORBIDDEN_NAMES)
        elif isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_NAMES:
            yield f"line {node.lineno}: {node.attr}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FORBIDDEN_CALLS:
            holder = node.func.value
            holder_name = holder.id if isinstance(holder, ast.Name) else getattr(holder, "attr", "")
            if holder_name in {"datetime", "date", "dt"}:
                yield f"line {node.lineno}: {holder_name}.{node.func.attr}()"


def negated_money(tree: ast.AST) -> Iterator[str]:
    """Yield minus signs in exact sums: Python's default context rounds what they stand before at 28 digits."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"add", "less", "times"}:
            for argument in node.args:
                if any(isinstance(n, ast.UnaryOp) and isinstance(n.op, ast.USub) for n in ast.walk(argument)):
                    yield f"line {node.lineno}: use less(a, b) for a - b"


def sql_literals(tree: ast.AST) -> Iterator[str]:
    """Yield SQL that stands in Python: it belongs in a named statement of a .sql file."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            first = node.values[0] if node.values else None
            text, kind = (first.value if isinstance(first, ast.Constant) else ""), "f-string"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            text, kind = node.value, "string"
        else:
            continue
        if isinstance(text, str) and SQL.match(text):
            yield f"line {node.lineno}: SQL in a {kind}: {text.strip()[:50]}"


@pytest.mark.parametrize("path", python_files(*CODE), ids=name_of)
def test_no_minus_sign_rounds_an_exact_sum(path: Path) -> None:
    assert list(negated_money(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize("path", python_files(*PURE), ids=name_of)
def test_no_clock_random_or_environment_in_pure_code(path: Path) -> None:
    assert list(impurities(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize("path", python_files("adapters", "services"), ids=name_of)
def test_sql_is_in_sql_files(path: Path) -> None:
    assert list(sql_literals(ast.parse(path.read_text()))) == []


def test_the_rules_see_what_they_forbid() -> None:
    bad = "import random\nfrom uuid import uuid4\nimport os\nx = datetime.now()\ny = os.environ['a']\nz = uuid.uuid4()"
    assert len(list(impurities(ast.parse(bad)))) == 5
    assert (
        len(list(sql_literals(ast.parse('"""SELECT"""\na = f"SELECT {x}"\nb = "DELETE FROM t"\nc = "Select one"'))))
        == 3
    )


def test_every_top_level_package_is_under_an_import_contract() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert packages == set(CODE)
    assert set(settings["root_packages"]) == packages
    [layers] = [contract["layers"] for contract in settings["contracts"] if contract["type"] == "layers"]
    assert {name.strip() for layer in layers for name in layer.split("|")} == packages


def test_no_file_is_long_without_a_reason() -> None:
    long = []
    for path in python_files(*CODE, "tests", "benchmarks"):
        lines = path.read_text().splitlines()
        if len(lines) > MAX_LINES and not any(LONG_BECAUSE in line for line in lines[:30]):
            long.append(f"{name_of(path)}: {len(lines)} lines")
    assert long == []


def test_no_path_of_a_machine_is_in_the_source() -> None:
    places = [path for package in (*CODE, "tests", "benchmarks", "docs", ".ci") for path in (ROOT / package).rglob("*")]
    places += list(ROOT.glob("*"))
    texts = [path for path in places if path.is_file() and (path.suffix in TEXT or path.name in {"Makefile", "run"})]
    found = [
        f"{name_of(path)}:{number}: {line.strip()[:80]}"
        for path in texts
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if MACHINE.search(line)
    ]
    assert found == []
