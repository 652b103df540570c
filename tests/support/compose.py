"""docker-compose.yml as plain processes would have it: each service's command and environment."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from tests.support.paths import ROOT

FILE = ROOT / "docker-compose.yml"
_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


def compose_file() -> dict[str, Any]:
    """The file as it is."""
    content = yaml.safe_load(FILE.read_text())
    assert isinstance(content, dict)
    return content


def environment(service: str, shell: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of a service; `shell` is where `${NAME:-default}` is looked up."""
    known = shell or {}
    wanted: dict[str, str] = compose_file()["services"][service]["environment"]
    return {name: _VARIABLE.sub(lambda m: known.get(m[1], "") or m[2], value) for name, value in wanted.items()}


def command(service: str) -> list[str]:
    """What `ledgerline`, the image's entry point, is given."""
    found: list[str] = compose_file()["services"][service]["command"]
    return found


def replaced(variables: Mapping[str, str], places: Mapping[str, str]) -> dict[str, str]:
    """The variables with names of the containers' world replaced by ours, wherever they stand in a value."""
    result = dict(variables)
    for theirs, ours in places.items():
        result = {name: value.replace(theirs, ours) for name, value in result.items()}
    return result
