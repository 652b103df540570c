"""The schemas of published event types, as files: what the classes must stay compatible with.

`python -m tests.support.released_schemas` writes those that are missing, when a new type or version is released.
`--rewrite` writes all of them anew: only right before the first release, and for words in descriptions.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapters.schemas.json_schema import body_of
from domain.facts import FACTS

FOLDER = Path(__file__).parents[1] / "golden" / "schemas"


def file_of(type_: str, version: int) -> Path:
    """Where the released schema of a type lies."""
    return FOLDER / f"{type_}.v{version}.json"


def released() -> Iterator[tuple[str, int, dict[str, Any]]]:
    """All released schemas: type, version, schema."""
    for path in sorted(FOLDER.glob("*.json")):
        type_, _, version = path.stem.rpartition(".v")
        yield type_, int(version), json.loads(path.read_text(encoding="utf-8"))


def write(*, rewrite: bool = False) -> list[Path]:
    """Write the missing ones, or all; return the files written."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    written = []
    for (type_, version), cls in sorted(FACTS.items()):
        path = file_of(type_, version)
        text = json.dumps(body_of(cls), indent=1, sort_keys=True) + "\n"
        if (rewrite or not path.exists()) and not (path.exists() and path.read_text(encoding="utf-8") == text):
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written


if __name__ == "__main__":
    for file in write(rewrite="--rewrite" in sys.argv):
        print(file.name)  # noqa: T201 - a command's answer
