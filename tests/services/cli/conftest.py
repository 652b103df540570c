"""The command line on a database of the test's own."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner, Result

from services.cli.main import app


@pytest.fixture(autouse=True)
def _logging_put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


Run = Callable[..., Result]


@pytest.fixture
def run(database: str, tmp_path: Path) -> Run:
    """`run("keys", "create", ...)`: in this process, with the settings of a deployment of its own."""
    environment = {
        "LEDGERLINE_DATABASE_URL": database,
        "LEDGERLINE_DATA": str(tmp_path / "data"),
        "LEDGERLINE_KEYS": str(tmp_path / "keys"),
        "LEDGERLINE_FILES": str(tmp_path / "files"),
    }

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments), env=environment)

    return invoke


@pytest.fixture
def answer(run: Run) -> Callable[..., Any]:
    """The JSON that a command prints; it must end with the exit code given."""

    def invoke(*arguments: str, code: int = 0) -> Any:
        result = run(*arguments, "--json")
        assert result.exit_code == code, result.output + repr(result.exception)
        return json.loads(result.stdout)

    return invoke
